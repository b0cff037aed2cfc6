// Actions on resources → allow, ask or deny, with the policies that determined it. Never throws: a failure is a deny.
import type { Context, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { sha256 } from '../../lib/digest.ts';
import type { ActionUse } from '../../model/action.ts';
import type { Connection } from '../../model/connection.ts';
import type { Decision } from '../../model/decision.ts';
import type { Principal } from '../../model/principal.ts';
import { type Answer, authorise } from './authorise.ts';
import { refusal, toDecision } from './decision.ts';
import {
  type Asker,
  argumentsEntity,
  botAsker,
  connectionEntities,
  contextOf,
  resourceEntities,
  userAsker,
} from './entities.ts';
import { loadPolicies, type PolicySet } from './policies.ts';
import type { DecisionContext, DecisionRequest } from './request.ts';

export type { Answer } from './authorise.ts';
export { combineDecisions } from './decision.ts';
export { formatPolicies } from './format.ts';
export { checkPolicies, loadPolicies, type PolicySet } from './policies.ts';
export { callArguments, type DecisionContext, type DecisionRequest } from './request.ts';
export { localNames, withPublished } from './team.ts';

/** Decisions kept per policy set; the oldest go first. */
const MAX_CACHED = 4_096;

/** A bot can do nothing its owner may not: both are asked. */
function askers(principal: Principal): readonly Asker[] {
  if (principal.kind === 'user') return [userAsker(principal.user)];
  return [botAsker(principal.bot, principal.onBehalfOf), userAsker(principal.onBehalfOf)];
}

function distinct(entities: readonly EntityJson[]): EntityJson[] {
  return [...new Map(entities.map((entity) => [JSON.stringify(entity.uid), entity])).values()];
}

/** The circumstances that some policy reads. */
function circumstances(set: PolicySet, { connection, context = {} }: DecisionRequest): Context {
  return contextOf(context, connection, set.mentions);
}

/** Every answer behind a decision, one per principal and action. Throws when the request makes no sense. */
export function explain(set: PolicySet, request: DecisionRequest): readonly Answer[] {
  const { connection, principal } = request;
  const context = circumstances(set, request);
  const shared = [
    ...connectionEntities(connection),
    ...(Object.hasOwn(context, 'arguments') ? [argumentsEntity(request.context ?? {})] : []),
  ];
  return askers(principal).flatMap((asker) =>
    request.actions.map((use) => {
      const resource = resourceEntities(use.resource, connection);
      return authorise(set, {
        asker,
        use,
        entities: distinct([...asker.entities, ...shared, ...resource]),
        context,
      });
    }),
  );
}

const keys = new WeakMap<object, string>();

/** A session's principal and connection are the same objects for every statement: their part of the key is made once, and short. */
function keyOf(value: object, parts: () => unknown): string {
  let key = keys.get(value);
  if (key === undefined) {
    key = sha256(JSON.stringify(parts()));
    keys.set(value, key);
  }
  return key;
}

/** Everything a decision depends on. */
function cacheKey(set: PolicySet, request: DecisionRequest): string {
  const { connection, principal, actions } = request;
  const { name, type, labels, masking } = connection;
  const where = keyOf(connection, () => [name, type, labels, masking.columns]);
  const what = JSON.stringify([actions, circumstances(set, request)]);
  return `${keyOf(principal, () => principal)}${where}${what}`;
}

function remember(set: PolicySet, key: string, decision: Decision): Decision {
  if (set.cache.size >= MAX_CACHED) {
    const [oldest] = set.cache.keys();
    if (oldest !== undefined) set.cache.delete(oldest);
  }
  set.cache.set(key, decision);
  return decision;
}

/** Decides one request. Any failure of the engine, or of the request itself, is a deny with `errors`. */
export function decide(set: PolicySet, request: DecisionRequest): Decision {
  try {
    const key = cacheKey(set, request);
    const known = set.cache.get(key);
    if (known) return known;
    const decision = toDecision(explain(set, request), set.digest);
    return decision.errors.length > 0 ? decision : remember(set, key, decision);
  } catch (error) {
    return refusal(set.digest, [error instanceof Error ? error.message : 'the decision failed']);
  }
}

/** Makes the engine ready before the first policy is known: its first use compiles it. */
export async function warmEngine(): Promise<void> {
  await loadPolicies({ files: { warm: 'permit (principal, action, resource);' } });
}

export interface RevealSubject {
  readonly principal: Principal;
  readonly connection: Connection;
  /** Data types that detectors can find, beyond those the connection tags columns with. */
  readonly dataTypes?: readonly string[];
  readonly context?: DecisionContext;
}

export interface Revealed {
  /** `schema.table.column` */
  readonly columns: ReadonlySet<string>;
  readonly dataTypes: ReadonlySet<string>;
  /** Policies that determined any of the answers, for the masking evidence. */
  readonly policies: readonly string[];
}

/** Which protected values this principal sees as they are. Only a plain allow reveals. */
export function reveals(set: PolicySet, subject: RevealSubject): Revealed {
  const { connection, principal, context = {} } = subject;
  const policies = new Set<string>();
  const shown = (resource: ActionUse['resource']): boolean => {
    const actions = [{ action: 'reveal', resource }] as const;
    const decision = decide(set, { principal, connection, actions, context });
    for (const id of decision.policies) policies.add(id);
    return decision.outcome === 'allow';
  };
  const tagged = Object.entries(connection.masking.columns);
  const types = new Set([...tagged.map(([, type]) => type), ...(subject.dataTypes ?? [])]);
  const columns = tagged
    .map(([column]) => column)
    .filter((column) => shown({ type: 'Column', id: `${connection.name}/${column}` }));
  const dataTypes = [...types].filter((type) => shown({ type: 'Data', id: `${connection.name}/${type}` }));
  return { columns: new Set(columns), dataTypes: new Set(dataTypes), policies: [...policies].sort() };
}
