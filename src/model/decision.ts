// The answer of policy to one statement.
import type { ApprovalStrength } from './approval.ts';

export type Outcome = 'allow' | 'ask' | 'deny';

/** Strictest last: of several answers, the greatest wins. */
export const STRICTNESS: Readonly<Record<Outcome, number>> = { allow: 0, ask: 1, deny: 2 };

export interface AskTerms {
  /** Why a person must look, from `@ask("…")`. */
  readonly reason: string;
  readonly quorum: number;
  /** Seconds until the request expires. */
  readonly expires: number;
  readonly scope: 'statement' | 'session';
  /** The weakest answer that counts, from `@strength`; a fresh sign-in unless told. */
  readonly strength: ApprovalStrength;
}

export interface Decision {
  readonly outcome: Outcome;
  /** Ids of all determining policies, sorted; empty when nothing permitted (default deny). */
  readonly policies: readonly string[];
  /** SHA-256 hex of the canonical policy set that decided. */
  readonly policyDigest: string;
  /** Text of the determining policies' `@advice`, for the person. */
  readonly advice: readonly string[];
  readonly ask?: AskTerms;
  /** Engine failures; any entry makes the outcome `deny`. */
  readonly errors: readonly string[];
}
