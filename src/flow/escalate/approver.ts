// What one held execution is to the people who are asked about it. Must never show anything that was not masked.
import { canonical } from '../../lib/canonical.ts';
import type { ActionId, ActionUse } from '../../model/action.ts';
import type { StatementUnit } from '../../model/classification.ts';
import type { Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';

/** One execution put before people: what runs exactly, why policy asks, and what is shown of it. */
export interface Question {
  readonly connection: string;
  readonly conversation: number;
  readonly statement: number;
  /** The exact text. */
  readonly text: string;
  readonly decision: Decision;
  readonly actions: readonly ActionUse[];
  readonly fingerprint: string;
  /** Whatever has this fingerprint and these actions does the same: it may be approved once for the whole session. */
  readonly steady: boolean;
  readonly inTransaction: boolean;
  readonly application?: string;
  /** It is a call of an MCP tool and no statement. */
  readonly call?: true;
  /** The exact parameters, as `describeParameters` says them. */
  readonly parameters: readonly string[];
  /** Masked. */
  readonly shown: {
    readonly text: string;
    readonly parameters?: readonly (string | null)[];
    readonly titles: readonly string[];
    readonly actions: readonly ActionUse[];
    readonly tables: readonly string[];
  };
}

/** One request under way. */
export interface Asking {
  /** Enough people approved; nothing is spent yet. Rejects with the BrokerError that the client gets. */
  readonly approved: Promise<void>;
  /** Spends the approval; for the execution numbered `statement` where that is another than the one that asked. Rejects when it was spent before, or cannot be. */
  use(statement?: number): Promise<void>;
  /** It is not needed any more, or its client does not want it. Afterwards nothing of it counts. */
  withdraw(): void;
}

/** Who can be asked. */
export interface Approver {
  /** People approved this for the rest of the session. True records one more use. */
  covers(question: Question): boolean;
  /** `notice` is told, once the request stands, how to follow it. */
  ask(
    question: Question,
    notice: ((message: string, hint: string, request: string) => void) | undefined,
  ): Asking;
}

/** What policy asks about; equal keys are one question. */
export function questionKey({ decision, actions, fingerprint }: Question): string {
  const { policies, policyDigest, ask } = decision;
  return canonical({ policies, policyDigest, ask: ask ?? null, actions, fingerprint });
}

/** Whose doing is all in their names: code in strings, settings and files are not told apart by a fingerprint. */
const STEADY: ReadonlySet<ActionId> = new Set<ActionId>([
  'sql:select',
  'sql:insert',
  'sql:update',
  'sql:delete',
  'sql:merge',
  'sql:drop',
  'sql:truncate',
  'sql:delete-all',
  'sql:update-all',
  'sql:execute-function',
  'sql:call',
  'reveal',
]);

/** True where the fingerprint determines what runs. `personal` texts mean what their conversation made of a name. */
export function isSteady(actions: readonly ActionUse[], personal: boolean): boolean {
  return !personal && actions.length > 0 && actions.every(({ action }) => STEADY.has(action));
}

export function titlesOf(units: readonly StatementUnit[]): string {
  return [...new Set(units.map(({ title }) => title))].join('; ') || 'this statement';
}

/** The refusal of a statement that needs a person while nobody can be asked. */
export function needsApproval(connection: string, decision: Decision, what: string): BrokerError {
  const policy = decision.policies.join(', ') || 'default deny';
  return new BrokerError('needs-approval', { connection, what, policy });
}
