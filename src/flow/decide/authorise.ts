// One question to Cedar, one answer. Anything but a clean answer is a deny with its reason.
import type { Context, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { ActionUse } from '../../model/action.ts';
import type { Outcome } from '../../model/decision.ts';
import type { Asker } from './entities.ts';
import { type LoadedPolicy, type PolicySet, SCHEMA_NAME } from './policies.ts';

/** The answer to one principal doing one action to one resource. */
export interface Answer {
  readonly principal: TypeAndId;
  readonly use: ActionUse;
  readonly outcome: Outcome;
  /** Policies that determined it; none is the default deny. */
  readonly policies: readonly LoadedPolicy[];
  readonly errors: readonly string[];
}

export interface Question {
  readonly asker: Asker;
  readonly use: ActionUse;
  readonly entities: readonly EntityJson[];
  readonly context: Context;
}

interface Verdict {
  readonly allowed: boolean;
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

function call(set: PolicySet, policySet: string, { asker, use, entities, context }: Question): Verdict {
  const answer = set.cedar.statefulIsAuthorized({
    principal: asker.uid,
    action: { type: 'Action', id: use.action },
    resource: { type: use.resource.type, id: use.resource.id },
    context,
    entities: [...entities],
    preparsedPolicySetId: policySet,
    preparsedSchemaName: SCHEMA_NAME,
    validateRequest: true,
  });
  if (answer.type !== 'success')
    return { allowed: false, reason: [], errors: answer.errors.map(({ message }) => message) };
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
  return { allowed: decision === 'allow' && errors.length === 0, reason: diagnostics.reason, errors };
}

export function authorise(set: PolicySet, question: Question): Answer {
  const { asker, use } = question;
  const verdict = call(set, set.full, question);
  const policies = [...verdict.reason]
    .sort()
    .map((id) => set.policies.get(id))
    .filter((policy) => policy !== undefined);
  const answer = { principal: asker.uid, use, policies, errors: verdict.errors };
  if (verdict.errors.length > 0) return { ...answer, outcome: 'deny' };
  if (verdict.allowed) return { ...answer, outcome: 'allow' };
  const asks =
    policies.length > 0 && policies.length === verdict.reason.length && policies.every(({ ask }) => ask);
  if (!asks) return { ...answer, outcome: 'deny' };
  // A person may only release what somebody was permitted in the first place.
  const otherwise = call(set, set.withoutAsk, question);
  if (otherwise.allowed) return { ...answer, outcome: 'ask' };
  return { ...answer, policies: [], errors: otherwise.errors, outcome: 'deny' };
}
