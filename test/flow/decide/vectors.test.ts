// The decision vectors: who does what where → the answer and the policies that gave it.
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type DecisionContext,
  decide,
  loadPolicies,
  type PolicySet,
} from '../../../src/flow/decide/index.ts';
import { STARTER_FILE, starterPolicy } from '../../../src/flow/decide/starter.ts';
import type { ActionUse } from '../../../src/model/action.ts';
import type { AskTerms } from '../../../src/model/decision.ts';
import type { Principal } from '../../../src/model/principal.ts';
import { type BriefConnection, connectionOf } from './subjects.ts';

const folder = new URL('../../vectors/decisions/', import.meta.url);

interface Case {
  readonly name: string;
  readonly principal: Principal;
  readonly connection: string;
  readonly actions: readonly ActionUse[];
  readonly context?: DecisionContext;
  readonly expect: { readonly outcome: string; readonly policies: readonly string[] };
  readonly ask?: AskTerms;
  /** The refusal comes from a failure, which it names. */
  readonly errors?: boolean;
}

interface File {
  readonly policy: 'starter' | Readonly<Record<string, string>>;
  readonly connections: Readonly<Record<string, BriefConnection>>;
  readonly cases: readonly Case[];
}

describe.each(readdirSync(folder))('%s', (name) => {
  const file = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as File;
  const files = file.policy === 'starter' ? { [STARTER_FILE]: starterPolicy() } : file.policy;
  let set: PolicySet;
  beforeAll(async () => {
    set = await loadPolicies({ files });
  });

  it.each(file.cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const { principal, actions, context } = one;
    const brief = file.connections[one.connection];
    if (!brief) throw new Error(`no connection ${one.connection}`);
    const connection = connectionOf(one.connection, brief);
    const decision = decide(set, { principal, actions, connection, ...(context ? { context } : {}) });
    expect({ outcome: decision.outcome, policies: decision.policies }).toEqual(one.expect);
    expect(decision.errors.length > 0).toBe(one.errors === true);
    expect(decision.ask).toEqual(one.ask ?? (one.expect.outcome === 'ask' ? expect.anything() : undefined));
    expect(decision.policyDigest).toBe(set.digest);
  });
});
