// What a session needs from the rest of the agent. Types only; compose.ts decides who stands behind them.
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../model/config.ts';
import type { Connection } from '../model/connection.ts';
import type { CredentialContext, Lease } from '../model/credential.ts';
import type { User } from '../model/principal.ts';
import type { PublishedRef } from '../model/publication.ts';
import type { FromHeld, PolicyText } from '../model/session.ts';
import type { SessionCase } from './approvals/session.ts';
import type { OpenWindow } from './approvals/windows.ts';
import type { AttemptOrder, OpenOrder, SessionEnd as SealedEnd } from './evidence.ts';
import type { Caller, OpenRequest, SessionEnd, ToFront } from './messages.ts';
import type { Worker } from './workers.ts';

/** The configuration as the caller of a session sees it. */
export interface Setting {
  readonly config: Config;
  readonly policy: PolicyText;
  /** The version of the team's policy that is in it. */
  readonly published?: PublishedRef;
}

/** Who is signed in, as far as a session must know. */
export interface Person {
  readonly user: User;
  /** Milliseconds; the session ends then unless the sign-in is renewed. */
  readonly expires: number;
}

export interface SessionPorts {
  readonly clock: Clock;
  /** Folder that holds one folder per session. */
  readonly spool: string;
  readonly leases: Lender;
  /** `broker/<version>`. */
  readonly tool: string;
  readonly log: Log;
  setting(caller: Caller): Promise<Setting>;
  /** Renews the sign-in when it is about to end. Throws `not-signed-in` or `sign-in-expired`. */
  person(): Promise<Person>;
  worker(): Worker;
  /** Forks the next spare, once the session that took the last one runs. */
  prepareWorker(): void;
  /** Names of the caller's variables the connection's credential source reads. */
  wanted(connection: Connection): Promise<readonly string[]>;
  obtain(context: LeaseContext): Promise<Lease>;
  /** Key of the `hash` strategy for this store, base64. */
  hashKey(config: Config): Promise<string>;
  open(config: Config, order: OpenOrder): Promise<void>;
  attempt(config: Config, order: AttemptOrder): Promise<void>;
  /** `waiting` leaves it to recovery: nobody signs right now, or another agent does. */
  seal(store: string, folder: string, end: SealedEnd): Promise<'sealed' | 'waiting'>;
  /** A session has left something: its seal, or its credential. */
  recover(): void;
  /** Throws when the configuration refuses sessions because of what still waits for upload. */
  admitBacklog(config: Config): Promise<void>;
  /** Open windows of a person on a connection, the longest lasting first. */
  windows(connection: string, user: User): Promise<readonly OpenWindow[]>;
  /** Puts a session's held statements before people. */
  approvals(given: SessionCase): Promise<HeldSession>;
}

export interface HeldSession {
  hear(message: FromHeld): void;
  /** Withdraws what waits; what was approved for the session ends. */
  close(): Promise<void>;
}

export type LeaseContext = Pick<
  CredentialContext,
  'connection' | 'session' | 'signal' | 'environment' | 'user'
>;

/** What a credential source is asked with, and the names of the caller's variables it reads. */
export interface Loan extends LeaseContext {
  readonly variables: readonly string[];
}

/** Remembers across a crash what was lent. */
export interface Lender {
  borrow(loan: Loan, obtain: (context: LeaseContext) => Promise<Lease>): Promise<Lease>;
  /** False when that failed and is left for later. */
  giveBack(session: string, lease: Lease | undefined): Promise<boolean>;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Ending {
  readonly end: SessionEnd;
  readonly reason: string;
  readonly exit?: number;
  readonly signal?: string;
}

export interface FrontLink {
  send(message: ToFront): boolean;
  /** The caller's values of these variables. */
  environment(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  readonly gone: AbortSignal;
}

export interface SessionStart {
  readonly id: string;
  readonly request: OpenRequest;
  readonly front: FrontLink;
  readonly setting: Setting;
  readonly person: Person;
}
