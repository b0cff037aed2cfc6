// Turns an `ask` decision into a person's answer. Must never let a statement through without one.
import type { StatementUnit } from '../../model/classification.ts';
import type { Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';

export { AP_STEPS, type ApStep, attOf } from '../../model/approval-rules.ts';
export { type AcceptedDecision, checkDecision, type DecisionCheck } from './check.ts';
export { type StoredFile, tokenDigest } from './opened.ts';
export { countQuorum, type Quorum } from './quorum.ts';
export { type GenuineRequest, type RequestReading, readRequest } from './read.ts';
export type { ApRefusal } from './refusal.ts';
export { approvedDigest, describeParameters, type ExactParameter } from './thing.ts';
export {
  type ApprovalFile,
  buildConsumed,
  buildDecision,
  buildRequest,
  type RequestFile,
  type RequestPlace,
  type Signing,
} from './write.ts';

/** What is put before a person: the statement and why policy asks. */
export interface Question {
  readonly connection: string;
  readonly statement: number;
  readonly text: string;
  readonly units: readonly StatementUnit[];
  readonly decision: Decision;
}

/** Who can be asked. Resolves when approved; rejects with a BrokerError when denied, expired or withdrawn. */
export interface Approver {
  ask(question: Question): Promise<void>;
}

/** The refusal of a statement that needs a person while nobody can be asked. */
export function needsApproval(question: Question): BrokerError {
  const [policy = 'default deny'] = question.decision.policies;
  const what = question.units.map((unit) => unit.title).join('; ');
  return new BrokerError('needs-approval', { connection: question.connection, what, policy });
}

/** Resolves to undefined once a person approved, otherwise to the refusal. */
export function escalate(
  question: Question,
  approver: Approver | undefined,
): BrokerError | Promise<BrokerError | undefined> {
  if (!approver) return needsApproval(question);
  return approver.ask(question).then(
    () => undefined,
    (reason: unknown) => (reason instanceof BrokerError ? reason : needsApproval(question)),
  );
}
