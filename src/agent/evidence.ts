// What the agent tells its ledger and what it gets back: types only. Must never hold a key.
import type { SessionSummary, Signer, StatementKind } from '../model/evidence.ts';
import type { PublishedRef } from '../model/publication.ts';

/** A fresh sign-in, as the ledger needs it: what signs, and what proves whose key it is. */
export interface EpochSignIn {
  readonly signer: Signer;
  /** The PK token, JWS JSON general serialisation, as text. Its SHA-256 is `signer.identity.pkToken`. */
  readonly pkToken: string;
  /** The agent's looks at the provider's keys, verbatim: the one that goes with the ID token first. */
  readonly sightings: readonly { readonly text: string; readonly uri: string; readonly time: number }[];
  /** Milliseconds since the epoch until when a signature of this sign-in counts; for ever when absent. */
  readonly validUntil?: number;
}

export interface Actor {
  readonly kind: 'human' | 'bot';
  readonly name: string;
  readonly version?: string;
  readonly onBehalfOf?: string;
}

export interface PolicyInForce {
  /** `Decision.policyDigest`. */
  readonly digest: string;
  /** The policy files that decided, file name → Cedar text. */
  readonly files: Readonly<Record<string, string>>;
  /** The version of the team's policy that is in it. */
  readonly published?: PublishedRef;
}

export interface OpenOrder {
  readonly session: Omit<SessionSummary, 'closed' | 'end' | 'exit' | 'counts'>;
  readonly actor: Actor;
  readonly policy: PolicyInForce;
  /** The session's spool folder; must exist. The ledger keeps what it needs to seal the session in `session.json` there. */
  readonly folder: string;
  /** Throw `store-unreachable` unless the statement is in the store (`store.requireOnline`). */
  readonly requireOnline?: boolean;
}

export interface AttemptOrder {
  readonly session: Omit<SessionSummary, 'closed' | 'counts'>;
  readonly actor: Actor;
  readonly policy?: PolicyInForce;
  /** Why it was refused: the error's code and its policies. */
  readonly code: string;
  readonly policies: readonly string[];
}

export interface SessionEnd {
  readonly end: NonNullable<SessionSummary['end']>;
  readonly exit?: number;
  /** RFC 3339; now when absent. */
  readonly closed?: string;
}

/** A statement that is durable here: in the outbox, and in the store too when `stored`. */
export interface Receipt {
  readonly kind: StatementKind;
  readonly key: string;
  readonly seq: number;
  /** SHA-256 of the statement file. */
  readonly digest: string;
  readonly stored: boolean;
}

export type SealOutcome =
  | { readonly kind: 'sealed'; readonly receipt: Receipt }
  /** Nobody (or somebody else) is signed in: the journal stays in the spool and `recover` seals it later. */
  | { readonly kind: 'waiting'; readonly reason: 'not-signed-in' | 'sign-in-expired' | 'other-identity' };

export interface Recovery {
  readonly sealed: readonly string[];
  /** Sessions that wait for their person to sign in. */
  readonly waiting: readonly string[];
  /** Folders that could not be sealed, with the reason; they are kept. */
  readonly failed: readonly { readonly folder: string; readonly reason: string }[];
}

export interface Backlog {
  readonly statements: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Milliseconds since the epoch of the oldest thing that waits. */
  readonly oldest?: number;
  /** Why nothing moves, when the last try failed. */
  readonly problem?: { readonly code: string; readonly message: string; readonly since: number };
}
