// What every wire protocol offers to a worker. Types only: no rule and no I/O lives here.
import type { SessionPipeline } from '../flow/conversation.ts';
import type { Clock } from '../lib/clock.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Connection } from '../model/connection.ts';
import type { Credential } from '../model/credential.ts';
import type { Endpoint } from '../model/session.ts';

export interface OpenOptions {
  readonly connection: Connection;
  readonly credential: Credential;
  readonly clock: Clock;
  /** Ends the attempt; an open target is ended by `close`. */
  readonly signal?: AbortSignal;
}

export interface ServeOptions {
  readonly pipeline: SessionPipeline;
  /** The session's id; told to the target where the protocol has a place for it. */
  readonly session: string;
  /** What every client must present; dies with the session. */
  readonly secret: string;
  /** Loopback port; 0 lets the system pick. */
  readonly port: number;
  readonly clock: Clock;
  /** Called at most once per event-loop turn, with totals since the start and what is open now. */
  onActivity?(activity: Activity): void;
  /** The session cannot go on (journal broken, pipeline failed): the owner should close it. */
  onFailure?(error: Error): void;
}

export interface Activity {
  readonly statements: number;
  readonly conversations: number;
}

export interface Serving {
  readonly endpoint: Endpoint;
  /** Ends every conversation with a clear error, then the listener. Resolves when the last socket is gone. */
  close(reason: string): Promise<void>;
}

/** An authenticated connection to one target, before any client. */
export interface Target {
  readonly serverVersion: string;
  /** SHA-256 hex of the target's certificate or host key; absent without one. */
  readonly fingerprint?: string;
  /** The account the target knows us as. */
  readonly account: string;
  readonly database: string;
  /**
   * Reads what names mean. Safe to call again at any time, and cheap while nothing changed, whoever would have changed it:
   * then it is the same object. The version grows with each change.
   */
  loadCatalogue(): Promise<Catalogue>;
  serve(options: ServeOptions): Promise<Serving>;
  close(): Promise<void>;
}

/** One row of the protocols shelf. */
export interface Protocol {
  readonly id: string;
  /** The commands that can use a target of this protocol; all when absent. */
  readonly clients?: readonly string[];
  /** Reaches the target and signs in. Throws `target-unreachable` or `target-refused`. */
  open(options: OpenOptions): Promise<Target>;
}
