// Whether a session may open at all: policy loaded, `session:open` decided, and how a refusal is worded.
import type { Clock } from '../lib/clock.ts';
import type { ActionUse } from '../model/action.ts';
import type { Decision } from '../model/decision.ts';
import { BrokerError } from '../model/errors.ts';
import type { SessionOrder } from '../model/session.ts';
import { loadGrammar } from './classify/index.ts';
import { decide, loadPolicies, type PolicySet, warmEngine } from './decide/index.ts';
import { decisionRequest } from './request.ts';

/** Policy loaded, and `session:open` decided. */
export interface Preparation {
  readonly policy: PolicySet;
  readonly decision: Decision;
  /** Policy asks, and an open window is the answer. */
  readonly byWindow?: true;
}

/** Loads what takes time before anyone waits for it: the grammar and the policy engine. */
export async function warmUp(): Promise<void> {
  await loadGrammar();
  await warmEngine();
}

/** A deny or an unanswered ask in words, with the policies that determined it. */
export function refusalOf(order: SessionOrder, decision: Decision, what: string): BrokerError {
  const connection = order.connection.name;
  const policy = decision.policies.join(', ') || 'default deny';
  const why = `see why with \`broker policy explain ${connection}\``;
  const hint = [...decision.advice, ...decision.errors].join('; ') || why;
  if (decision.outcome === 'ask') return new BrokerError('needs-approval', { connection, what, policy });
  return new BrokerError('policy-denied', { connection, what, policy }, { hint });
}

/** People opened a window for just this question: no other policies ask, and no more people are wanted. */
export function letIn({ window, principal }: SessionOrder, { outcome, policies, ask }: Decision): boolean {
  if (outcome !== 'ask' || !ask || !window || principal.kind !== 'user') return false;
  return ask.quorum <= window.quorum && policies.every((id) => window.policies.includes(id));
}

/** Throws `policy-invalid`, `policy-denied` or `needs-approval`. */
export async function prepare(order: SessionOrder, clock: Clock): Promise<Preparation> {
  await loadGrammar();
  const policy = await loadPolicies(order.policy);
  const resource = { type: 'Connection', id: order.connection.name } as const;
  const use: ActionUse = { action: 'session:open', resource };
  const moment = { time: clock.now(), inTransaction: false };
  const decision = decide(policy, decisionRequest(order, [use], moment));
  if (decision.outcome === 'allow') return { policy, decision };
  if (letIn(order, decision)) return { policy, decision, byWindow: true };
  throw refusalOf(order, decision, 'this session');
}
