// What is asked of policy: who wants to do what, where, and under which circumstances.
import { jcs } from '../../lib/jcs.ts';
import type { ActionUse } from '../../model/action.ts';
import type { ColumnUse } from '../../model/classification.ts';
import type { Connection } from '../../model/connection.ts';
import type { Principal } from '../../model/principal.ts';

export interface CallArguments {
  /** Canonical JSON of all of them. */
  readonly json: string;
  readonly named: Readonly<Record<string, string>>;
}

/** What policy is told of a call's arguments. Throws what `jcs` throws. */
export function callArguments(given: Readonly<Record<string, unknown>> = {}): CallArguments {
  const named = Object.entries(given).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : jcs(value),
  ]);
  return { json: jcs(given), named: Object.fromEntries(named) };
}

/** Circumstances a policy may look at, `context.…` in Cedar. What is not given is empty there, never missing. */
export interface DecisionContext {
  /** `schema.table` */
  readonly tables?: readonly string[];
  readonly columns?: readonly ColumnUse[];
  readonly functions?: readonly string[];
  readonly hasWhere?: boolean;
  readonly inTransaction?: boolean;
  /** Statements in the same text. */
  readonly statementCount?: number;
  readonly fingerprint?: string;
  /** Which command opened the session: `connect`, `query`, `mcp` … */
  readonly client?: string;
  /** Models the client claims to act for. */
  readonly models?: readonly string[];
  /** MCP tool, where there is one. */
  readonly tool?: string;
  /** Arguments of the call, by name: text as it is, anything else as canonical JSON. */
  readonly arguments?: CallArguments;
  readonly reason?: string;
  /** Milliseconds since the epoch; policies see it to the second. */
  readonly time?: number;
  /** IPv4 or IPv6 address, where it is known. */
  readonly sourceAddress?: string;
  /** Names of open windows. */
  readonly grants?: readonly string[];
}

export interface DecisionRequest {
  readonly principal: Principal;
  readonly connection: Connection;
  /** All of them must be allowed. An empty list is refused. */
  readonly actions: readonly ActionUse[];
  readonly context?: DecisionContext;
}
