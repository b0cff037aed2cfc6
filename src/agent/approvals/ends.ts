// How the end of a request, and each answer to it, is worded and recorded. Pure.
import type { AcceptedDecision, RequestFile } from '../../flow/escalate/index.ts';
import type { ConsumedPredicate, SessionApproval } from '../../model/approval.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ApprovalEvent } from '../../model/session.ts';
import { type Findings, weakest } from './jury.ts';

export type FailureCode =
  | 'approval-denied'
  | 'approval-expired'
  | 'approval-withdrawn'
  | 'approval-spent'
  | 'approval-unavailable';

export function nameOf({ name, email, sub }: AcceptedDecision): string {
  return email ?? name ?? sub;
}

/** Why it did not run, in the words of what was asked. */
export function failureOf(
  { predicate }: RequestFile,
  code: FailureCode,
  more: Readonly<Record<string, string>>,
): BrokerError {
  const { connection, titles, policies } = predicate.asked;
  const words = { connection, what: titles.join('; '), policy: policies.join(', '), id: predicate.id };
  return new BrokerError(code, { ...words, ...more });
}

export function endOf(
  { day, digest, predicate }: RequestFile,
  counted: readonly AcceptedDecision[],
  end: {
    readonly outcome: ConsumedPredicate['outcome'];
    readonly consumed: string | undefined;
    readonly micros: number;
  },
): SessionApproval {
  const { outcome, consumed, micros } = end;
  const strengths = counted.map(({ strength }) => strength);
  return {
    id: predicate.id,
    day,
    request: digest,
    decisions: counted.map((each) => each.digest).sort(),
    ...(consumed === undefined ? {} : { consumed }),
    outcome,
    ...(strengths.length > 0 ? { strength: weakest(strengths) } : {}),
    waited: Math.max(0, micros - Date.parse(predicate.clock.wall) * 1000),
  };
}

export function decisionEvents(
  id: string,
  { accepted, refused }: Findings,
): readonly Extract<ApprovalEvent, { type: 'approval.decision' }>[] {
  const type = 'approval.decision';
  return [
    ...accepted.map(({ key, answer, iss, sub, jkt, strength, time, digest, reason }) => {
      const who = { answer, iss, sub, jkt, strength, answered: time, decision: digest };
      return {
        type,
        data: { id, key, counts: true, ...who, ...(reason === undefined ? {} : { reason }) },
      } as const;
    }),
    ...refused.map(
      ({ key, step, reason }) => ({ type, data: { id, key, counts: false, step, reason } }) as const,
    ),
  ];
}
