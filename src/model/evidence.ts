// The signed statement and what it says: evidence.md section 2 as types. Formats change only with an ADR.
import type { SessionApproval } from './approval.ts';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export type StatementKind =
  | 'epoch'
  | 'open'
  | 'part'
  | 'session'
  | 'attempt'
  | 'approve'
  | 'seal'
  | 'access'
  | 'config';

/** Resource digest map, hex, as in-toto writes it. */
export interface Digest {
  readonly sha256: string;
}

/** One in-toto subject: a blob in the store that the statement vouches for. */
export interface Subject {
  /** Role of the blob: `events.jsonl.gz`, `transcript.cast.gz`, `policy.json`, `pk-token.json`, `jwks.json`. */
  readonly name: string;
  readonly digest: Digest;
}

export interface Chain {
  /** base32(SHA-256(iss ‖ 0 ‖ sub ‖ 0 ‖ installation uuid)), first 16 characters, lower case. */
  readonly writer: string;
  readonly epoch: number;
  readonly seq: number;
  /** SHA-256 hex of the previous statement file's bytes; 64 zeros for seq 0. */
  readonly prev: string;
}

export interface SignerIdentity {
  readonly iss: string;
  readonly sub: string;
  /** RFC 7638 thumbprint of the signing key. */
  readonly jkt: string;
  /** SHA-256 hex of the PK token blob. */
  readonly pkToken: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly authTime?: number;
  /** `nonce` when the ID token commits to the key, `none` when the sign-in could not carry it. */
  readonly binding: 'nonce' | 'none';
}

export interface SessionSummary {
  readonly id: string;
  readonly connection: string;
  readonly protocol: string;
  readonly address: string;
  readonly database?: string;
  /** Target's TLS certificate fingerprint (`sha256:hex`) where there was one. */
  readonly fingerprint?: string;
  readonly client: string;
  readonly credential: string;
  readonly account?: string;
  readonly opened: string;
  readonly closed?: string;
  readonly end?: 'closed' | 'interrupted' | 'killed' | 'expired' | 'failed';
  readonly exit?: number;
  readonly counts?: {
    readonly statements: number;
    readonly allowed: number;
    readonly asked: number;
    readonly denied: number;
    readonly rows: number;
  };
}

export interface PartRef {
  readonly seq: number;
  /** SHA-256 hex of the `part` statement's file. */
  readonly head: string;
}

export interface Predicate {
  readonly kind: StatementKind;
  /** Random id in the store's `v1/store.json`: a statement belongs to one store. */
  readonly store: string;
  /** This file's own key in the store. */
  readonly key: string;
  readonly chain: Chain;
  readonly seen: readonly { readonly writer: string; readonly seq: number; readonly head: string }[];
  readonly identity: SignerIdentity;
  readonly actor: {
    readonly kind: 'human' | 'bot';
    readonly name: string;
    readonly version?: string;
    readonly onBehalfOf?: string;
  };
  readonly session?: SessionSummary;
  /** Of a part: its own events, from number `first` (0 when absent). Of a session: all, those of its parts too. */
  readonly events?: { readonly count: number; readonly merkleRoot: string; readonly first?: number };
  /** The `part` statements of a session, in order: their number in this chain and their digest. */
  readonly parts?: readonly PartRef[];
  /** What decided; `published` is the version of the team's policy that is in it. */
  readonly policy?: {
    readonly digest: string;
    readonly published?: { readonly version: number; readonly digest: string };
  };
  readonly decisions?: Readonly<Record<string, number>>;
  readonly masking?: Readonly<Record<string, unknown>>;
  /** Requests of this session, oldest first; where they are many, the blob `approvals.json` holds them instead. */
  readonly approvals?: readonly SessionApproval[];
  readonly clock: { readonly wall: string; readonly monotonic: string };
  readonly enforcement: 'local' | 'separate-user' | 'gateway';
  readonly tool: { readonly name: string; readonly version: string; readonly digest: string };
  /** Kind-specific: JWKS sighting of an epoch, query of an access, reason of a seal … */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface InTotoStatement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: 'urn:access-broker:predicate:v1';
  readonly predicate: Predicate;
}

/** What signs statements: a sign-in's key, held by the agent. */
export interface Signer {
  readonly identity: SignerIdentity;
  /** Public key as a JWK (EC P-256). */
  readonly jwk: { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };
  /** ECDSA P-256 SHA-256 over the bytes, DER. */
  sign(bytes: Uint8Array): Uint8Array;
}
