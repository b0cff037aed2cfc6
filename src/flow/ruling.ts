// What policy says of a text at one moment of a session. Must never let through what a policy was not asked about.
import type { Clock } from '../lib/clock.ts';
import type { ActionUse } from '../model/action.ts';
import type { Classification } from '../model/classification.ts';
import type { Decision } from '../model/decision.ts';
import type { SessionOrder } from '../model/session.ts';
import { letIn } from './admission.ts';
import { decide, type PolicySet } from './decide/index.ts';
import type { Judgement } from './judgement.ts';
import type { UnitPlan } from './mask/index.ts';
import { decisionRequest } from './request.ts';

export interface Rules {
  readonly order: SessionOrder;
  readonly policy: PolicySet;
  readonly clock: Clock;
}

interface Ruled {
  readonly actions: readonly ActionUse[];
  readonly classification: Classification;
  readonly plans: readonly UnitPlan[];
}

export function rule({ order, policy, clock }: Rules, ruled: Ruled, inTransaction: boolean): Decision {
  const { actions, classification, plans } = ruled;
  const moment = { time: clock.now(), inTransaction };
  const asked = decide(policy, decisionRequest(order, actions, moment, classification));
  // A text that does nothing is asked about as `session:open`, and that is what the window is for.
  const inWindow = actions.length === 0 && letIn(order, asked);
  const decision: Decision = inWindow ? { ...asked, outcome: 'allow' } : asked;
  const deny = order.connection.masking.onUnknown === 'deny' && plans.some((plan) => plan.unknown);
  return deny ? { ...decision, outcome: 'deny', policies: ['masking.on_unknown'], advice: [] } : decision;
}

/** Policies that look at the clock or the transaction are asked again for every execution. */
export function ruleNow(rules: Rules, judgement: Judgement, inTransaction: boolean): Judgement {
  const { mentions } = rules.policy;
  const moment =
    mentions === 'all' || mentions.has('time') || (inTransaction && mentions.has('inTransaction'));
  return moment ? judgement.decided(rule(rules, judgement, inTransaction)) : judgement;
}
