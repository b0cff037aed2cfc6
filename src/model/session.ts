// One use of one connection by one principal: what the agent hands its worker, and what the worker reports.
import type { ApprovedThing, Asked } from './approval.ts';
import type { Connection } from './connection.ts';
import type { Credential } from './credential.ts';
import type { ErrorDetails } from './errors.ts';
import type { EventData, EventType } from './event.ts';
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
  /** What clients must present, when the front has already handed it out; made by the worker otherwise. */
  readonly secret?: string;
  /** Folder of this session's journal in the spool. */
  readonly spool: string;
  /** Key for the `hash` strategy, per store; base64. */
  readonly hashKey: string;
  readonly tool: string;
  /** Names of the windows that are open for this person here. */
  readonly grants?: readonly string[];
  /** What people agreed to when they opened the window on this connection: it admits where policy asks no more than that. */
  readonly window?: { readonly policies: readonly string[]; readonly quorum: number };
}

/** A failure as it crosses a process boundary. */
export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: ErrorDetails;
}

/** What the record is told about a request of the session; the worker adds which statement it is about. */
export type ApprovalEvent = {
  readonly [T in Extract<EventType, `approval.${string}`>]: { readonly type: T; readonly data: EventData[T] };
}[Extract<EventType, `approval.${string}`>];

/** Who let an execution go on. */
export type ApprovedBy = Pick<EventData['approval.use'], 'id' | 'strength' | 'approvers'>;

/** Agent → worker, about the held execution numbered `ask`. */
export type ToHeld =
  /** The request stands in the store. */
  | { readonly type: 'asked'; readonly ask: number; readonly id: string; readonly expires: string }
  /** Enough people approved. Nothing is spent until the worker says `use`. */
  | { readonly type: 'approved'; readonly ask: number }
  /** The approval is spent: the execution goes on. `lasts`: later ones like it may go on too, until `revoked`. */
  | {
      readonly type: 'granted';
      readonly ask: number;
      /** SHA-256 hex of the approved thing. */
      readonly digest: string;
      readonly lasts: boolean;
      readonly by: ApprovedBy;
    }
  | { readonly type: 'not-granted'; readonly ask: number; readonly error: ToldError }
  | { readonly type: 'revoked'; readonly ask: number }
  | { readonly type: 'approval'; readonly ask?: number; readonly event: ApprovalEvent };

/** Worker → agent. */
export type FromHeld =
  | {
      readonly type: 'ask';
      readonly ask: number;
      readonly asked: Omit<Asked, 'exact'>;
      readonly thing: ApprovedThing;
    }
  | { readonly type: 'use'; readonly ask: number }
  | { readonly type: 'withdraw'; readonly ask: number };

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
  /** Windows open or end. */
  | { readonly type: 'grants'; readonly grants: readonly string[] }
  | ToHeld
  | { readonly type: 'close'; readonly reason: string };

export type FromWorker =
  | { readonly type: 'warm' }
  /** `session:open` was decided. */
  | {
      readonly type: 'admitted';
      readonly policies: readonly string[];
      readonly policyDigest: string;
      /** Only the window let it in: the session ends with it. */
      readonly byWindow?: true;
    }
  | { readonly type: 'refused'; readonly error: ToldError }
  | FromHeld
  | {
      readonly type: 'listening';
      readonly endpoint: Endpoint;
      readonly fingerprint?: string;
      readonly serverVersion: string;
    }
  | { readonly type: 'activity'; readonly statements: number; readonly conversations: number }
  | { readonly type: 'ended'; readonly reason: string };
