// One use of one connection by one principal: what the agent hands its worker, and what the worker reports.
import type { Connection } from './connection.ts';
import type { Credential } from './credential.ts';
import type { Principal } from './principal.ts';

export interface PolicyText {
  /** File name → Cedar text, as loaded; order does not matter. */
  readonly files: Readonly<Record<string, string>>;
  /** File name → where it lies on this machine, for messages only: evidence never holds it. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** Everything a worker needs to run one session. Sent over the fork's IPC channel, never argv or environment. */
export interface SessionOrder {
  readonly id: string;
  readonly connection: Connection;
  readonly principal: Principal;
  readonly policy: PolicyText;
  /** Which command opened it: `connect`, `proxy`, `query`, `exec`, `mcp`. */
  readonly client: string;
  readonly reason?: string;
  /** Loopback port asked for; 0 lets the system pick. */
  readonly port: number;
  /** Folder of this session's journal in the spool. */
  readonly spool: string;
  /** Key for the `hash` strategy, per store; base64. */
  readonly hashKey: string;
  readonly tool: string;
}

/** Where a client reaches the session. */
export interface Endpoint {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** The session secret; dies with the session. */
  readonly secret: string;
}

export type ToWorker =
  | { readonly type: 'open'; readonly order: SessionOrder }
  | { readonly type: 'credential'; readonly credential: Credential }
  /** The signed `open` statement is stored: bytes may flow. */
  | { readonly type: 'serve' }
  | { readonly type: 'policy'; readonly policy: PolicyText }
  | { readonly type: 'close'; readonly reason: string };

export type FromWorker =
  | { readonly type: 'warm' }
  /** `session:open` was decided. */
  | { readonly type: 'admitted'; readonly policies: readonly string[]; readonly policyDigest: string }
  | {
      readonly type: 'refused';
      readonly error: {
        code: string;
        message: string;
        hint: string;
        details: Record<string, string | number>;
      };
    }
  | {
      readonly type: 'listening';
      readonly endpoint: Endpoint;
      readonly fingerprint?: string;
      readonly serverVersion: string;
    }
  | { readonly type: 'activity'; readonly statements: number; readonly conversations: number }
  | { readonly type: 'ended'; readonly reason: string };
