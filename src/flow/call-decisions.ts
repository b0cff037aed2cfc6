// What policy says of calls. Decisions that depend on nothing but who calls what are remembered; must never remember another.
import type { Clock } from '../lib/clock.ts';
import type { Connection } from '../model/connection.ts';
import type { Decision } from '../model/decision.ts';
import type { Principal } from '../model/principal.ts';
import type { Call } from './call-lines.ts';
import { callArguments, decide, type PolicySet } from './decide/index.ts';
import { mentionedContext } from './decide/mentions.ts';
import type { LoadedPolicy } from './decide/policies.ts';

export interface CallTerms {
  readonly connection: Connection;
  readonly principal: Principal;
  /** Which command: `mcp`. */
  readonly client: string;
  /** Why the session was opened. */
  readonly reason?: string;
}

/** Things called whose decisions are remembered. */
const MOST_DECISIONS = 4096;

/** Circumstances that are the same for every call of the same thing, as long as the session lasts. */
const STEADY: ReadonlySet<string> = new Set(
  `tables columns filterTypes functions hasWhere inTransaction statementCount fingerprint client models tool reason
  sourceAddress`.split(/\s+/),
);

const isSteady = ({ mentions }: PolicySet): boolean =>
  mentions !== 'all' && [...mentions].every((name) => STEADY.has(name));

const looks = new WeakMap<LoadedPolicy, boolean>();

/** Whether a policy looks at a call's arguments. */
function reads(policy: LoadedPolicy): boolean {
  let known = looks.get(policy);
  if (known === undefined) {
    const mentioned = mentionedContext([policy.json]);
    known = mentioned === 'all' || mentioned.has('arguments');
    looks.set(policy, known);
  }
  return known;
}

export class CallDecisions {
  readonly #terms: CallTerms;
  readonly #clock: Clock;
  readonly #models: readonly string[];
  readonly #known = new Map<string, Decision>();
  #policy: PolicySet;
  #grants: readonly string[];
  /** No policy looks at anything but what is called, and by whom. */
  #steady: boolean;

  constructor(terms: CallTerms, clock: Clock, policy: PolicySet, grants: readonly string[]) {
    this.#terms = terms;
    this.#clock = clock;
    this.#policy = policy;
    this.#grants = grants;
    this.#steady = isSteady(policy);
    const { principal } = terms;
    this.#models = principal.kind === 'bot' ? principal.bot.models.map(({ model }) => model) : [];
  }

  /** Another policy decides from now on. */
  obey(policy: PolicySet): void {
    this.#policy = policy;
    this.#steady = isSteady(policy);
    this.#known.clear();
  }

  /** Windows opened or ended. */
  grant(names: readonly string[]): void {
    this.#grants = names;
  }

  /** True when no arguments could make policy allow the call or ask about it. */
  neverAllowed(call: Omit<Call, 'method' | 'arguments'>): boolean {
    const decision = this.decide(call);
    if (decision.outcome !== 'deny' || decision.errors.length > 0) return false;
    const { policies } = this.#policy;
    const determining = decision.policies
      .map((id) => policies.get(id))
      .filter((policy) => policy !== undefined);
    if (determining.some((policy) => !reads(policy))) return true;
    // Nothing permitted it, or what forbade it looked at arguments: others may be judged otherwise.
    return (
      determining.length === 0 && ![...policies.values()].some((one) => one.effect === 'permit' && reads(one))
    );
  }

  decide(call: Omit<Call, 'method'>): Decision {
    if (!this.#steady) return this.#decide(call);
    const { action, resource } = call.use;
    const key = `${action} ${resource.type} ${resource.id}`;
    const known = this.#known.get(key);
    if (known) return known;
    const decision = this.#decide(call);
    if (decision.errors.length > 0) return decision;
    if (this.#known.size >= MOST_DECISIONS) this.#known.clear();
    this.#known.set(key, decision);
    return decision;
  }

  #decide(call: Omit<Call, 'method'>): Decision {
    const terms = this.#terms;
    const { connection, principal, client, reason } = terms;
    const { mentions } = this.#policy;
    const looksInside = mentions === 'all' || mentions.has('arguments');
    return decide(this.#policy, {
      principal,
      connection,
      actions: [call.use],
      context: {
        client,
        models: this.#models,
        tool: call.use.resource.type === 'Tool' ? (call.name ?? '') : '',
        ...(looksInside ? { arguments: callArguments(call.arguments) } : {}),
        time: this.#clock.now(),
        grants: this.#grants,
        ...(reason === undefined ? {} : { reason }),
      },
    });
  }
}
