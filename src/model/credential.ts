// What a worker presents to a target, and where it came from.
import type { Connection } from './connection.ts';
import type { User } from './principal.ts';

export interface Credential {
  readonly user: string;
  readonly secret:
    | { readonly kind: 'password'; readonly password: string }
    /** OAUTHBEARER (RFC 7628), PostgreSQL 18. */
    | { readonly kind: 'bearer'; readonly token: string }
    | { readonly kind: 'none' };
  /** Milliseconds since the epoch; a session never outlives it. */
  readonly expires?: number;
  /** How evidence labels it: `static`, `short-lived`, `ephemeral-role`, `plug-in`. */
  readonly label: string;
  /** Overrides of the connection's address for this credential, when the source says so. */
  readonly host?: string;
  readonly port?: number;
}

export interface CredentialContext {
  readonly connection: Connection;
  readonly user: User;
  readonly session: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** A token for a target, never the evidence token. */
  targetToken(
    audience: string | undefined,
    kind?: 'access' | 'id',
  ): Promise<{ token: string; expires: number }>;
  /** A secret kept by the user in the keychain. */
  secret(name: string): Promise<string | undefined>;
  now(): number;
}

export interface Lease {
  readonly credential: Credential;
  /** Gives the credential back: drops the role, revokes the lease. Safe to call twice. */
  release(): Promise<void>;
  /** What a restarted agent needs to release it; kept in the session's spool folder. No secrets. */
  readonly resume?: Readonly<Record<string, string>>;
}

/** One row of the credentials shelf. */
export interface CredentialSource {
  readonly id: string;
  /** Problems in the connection's `credential` settings, each with the setting's name. */
  check(
    settings: Readonly<Record<string, unknown>>,
  ): readonly { readonly setting: string; readonly reason: string }[];
  obtain(context: CredentialContext): Promise<Lease>;
  /** Releases what a crashed agent left behind, from `Lease.resume`. */
  sweep?(context: CredentialContext, resume: Readonly<Record<string, string>>): Promise<void>;
}
