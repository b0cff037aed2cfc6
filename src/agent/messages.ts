// What commands and the agent say to each other over the control socket. Plain data; a change here is a new version of the agent.
import type { SignInPrompt } from '../identity/index.ts';
import type { ApprovalDecision, ApprovalRow, ApprovalStrength } from '../model/approval.ts';
import type { Connection } from '../model/connection.ts';
import type { ErrorDetails } from '../model/errors.ts';
import type { ModelClaim, Principal, User } from '../model/principal.ts';
import type { Endpoint, FromHeld, PolicyText, SessionOrder, ToHeld } from '../model/session.ts';
import type { PublishedPolicy } from './team-messages.ts';

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: ErrorDetails;
}

/** Which build answers; the client compares it with its own. */
export interface AgentIdentity {
  readonly version: string;
  /** First 12 hex characters of the SHA-256 of the program's bundle; development builds differ here only. */
  readonly build: string;
  readonly pid: number;
  /** It takes nothing new and ends soon. */
  readonly stopping?: true;
}

export type SessionState = 'opening' | 'open' | 'closing';

export interface SessionRow {
  readonly id: string;
  readonly connection: string;
  readonly protocol: string;
  readonly client: SessionOrder['client'];
  readonly state: SessionState;
  /** RFC 3339. */
  readonly opened: string;
  readonly expires?: string;
  readonly port?: number;
  readonly statements: number;
  readonly conversations: number;
  /** Process id of the front. */
  readonly pid: number;
}

export type SignInState =
  | { readonly state: 'signed-out' }
  | {
      readonly state: 'signed-in' | 'expired';
      readonly user: User;
      /** RFC 3339; when the sign-in ends unless it can be renewed. */
      readonly expires: string;
      readonly renewable: boolean;
      readonly binding: 'nonce' | 'none';
      /** RFC 7638 thumbprint of the signing key. */
      readonly key: string;
      /** What the person should know about this sign-in. */
      readonly notices: readonly string[];
    };

export interface Backlog {
  /** Sessions recorded but not sealed yet. */
  readonly unsealed: number;
  /** Objects waiting for upload. */
  readonly objects: number;
  readonly bytes: number;
  /** RFC 3339 of the oldest object that waits. */
  readonly oldest?: string;
  /** Why the last upload failed. */
  readonly problem?: string;
}

/** One open window. */
export interface WindowRow {
  /** Of its request. */
  readonly id: string;
  readonly connection: string;
  /** RFC 3339. */
  readonly ends: string;
}

export interface AgentStatus extends AgentIdentity {
  /** RFC 3339. */
  readonly started: string;
  readonly draining: boolean;
  readonly signIn: SignInState;
  readonly sessions: readonly SessionRow[];
  readonly backlog: Backlog;
  /** Windows that are open, the longest lasting first. */
  readonly windows?: readonly WindowRow[];
  readonly store?: string;
  /** Where policy comes from the store. */
  readonly policy?: PublishedPolicy;
  readonly keychain?: string;
  readonly log: string;
  readonly memory: number;
}

/** Where a request comes from: the agent reads the configuration as this caller would. */
export interface Caller {
  readonly cwd: string;
  readonly home: string;
  /** The caller's `BROKER_*` variables, and nothing else of its environment. */
  readonly settings: Readonly<Record<string, string>>;
  readonly pid: number;
}

export interface OpenRequest {
  readonly connection: string;
  readonly client: SessionOrder['client'];
  readonly reason?: string;
  /** 0 lets the system pick. */
  readonly port: number;
  /** What clients of the session must present: 32 characters of base64url. The agent makes one otherwise. */
  readonly secret?: string;
  /** A bot acts, on behalf of whoever is signed in. */
  readonly bot?: BotClaim;
  readonly caller: Caller;
}

/** What a front says of the bot it works for. Its rights come from configuration and policy, never from here. */
export interface BotClaim {
  /** e.g. `claude-code`: lower case, as `bots` in the configuration and policies name it. */
  readonly name: string;
  /** What the program calls itself. */
  readonly client?: string;
  readonly version?: string;
  readonly models?: readonly ModelClaim[];
}

/** A session as its front knows it. */
export interface OpenedSession {
  readonly id: string;
  readonly connection: string;
  readonly protocol: string;
  readonly endpoint: Endpoint;
  readonly database: string;
  /** The session's folder in the spool, for the front's own journal segment. */
  readonly spool: string;
  /** Keep masked texts of what is said to language models and what they generate, not only digests. */
  readonly prompts: 'digest' | 'text';
  readonly address: string;
  readonly user: User;
  readonly account: string;
  readonly serverVersion: string;
  /** RFC 3339; the session ends then at the latest. */
  readonly expires?: string;
  readonly policies: readonly string[];
  readonly policyDigest: string;
  /** For a front that decides and masks calls itself. */
  readonly terms?: FrontTerms;
}

/** What a front needs to decide and mask calls as the worker decides and masks statements. */
export interface FrontTerms {
  readonly connection: Connection;
  readonly principal: Principal;
  readonly policy: PolicyText;
  readonly tool: string;
  /** Names of the windows that are open for this person here. */
  readonly grants?: readonly string[];
  /** Key of the `hash` strategy, base64; only once a session is open. */
  readonly hashKey?: string;
}

/** Asks under which terms a session would open, without opening one. */
export type TermsRequest = Pick<OpenRequest, 'connection' | 'client' | 'bot' | 'caller'>;

export type SessionEnd = 'closed' | 'interrupted' | 'killed' | 'expired' | 'failed';

/** Agent → front, one JSON line each. */
export type ToFront =
  /** The credential source reads these variables of the caller; answer with `environment`. */
  | { readonly type: 'wanted'; readonly names: readonly string[] }
  | { readonly type: 'progress'; readonly step: 'policy' | 'credential' | 'target' | 'evidence' }
  | { readonly type: 'opened'; readonly session: OpenedSession }
  /** Another policy is in force: for a front that decides calls itself. */
  | { readonly type: 'policy'; readonly policy: PolicyText }
  /** Windows open or end: likewise. */
  | { readonly type: 'grants'; readonly grants: readonly string[] }
  /** About a call that waits for people. */
  | { readonly type: 'held'; readonly message: ToHeld }
  /** The session is over; the front ends its client. */
  | { readonly type: 'ended'; readonly end: SessionEnd; readonly reason: string }
  /** Signed and stored, or left for the next start (`waiting`). */
  | { readonly type: 'sealed'; readonly session: string; readonly state: 'sealed' | 'waiting' }
  | { readonly type: 'error'; readonly error: WireError };

/** Front → agent. */
export type FromFront =
  | ({ readonly type: 'open' } & OpenRequest)
  | { readonly type: 'environment'; readonly values: Readonly<Record<string, string>> }
  /** A call waits for people. */
  | { readonly type: 'held'; readonly message: FromHeld }
  /** Everything the front recorded is on disk. */
  | { readonly type: 'exit'; readonly reason: string; readonly exit?: number; readonly signal?: string };

export type { SignInPrompt };

export type SignInMode = 'browser' | 'paste' | 'device';

export type ToLogin =
  | { readonly type: 'prompt'; readonly prompt: SignInPrompt }
  | { readonly type: 'signed-in'; readonly signIn: SignInState }
  | { readonly type: 'error'; readonly error: WireError };

export type FromLogin =
  | { readonly type: 'login'; readonly mode: SignInMode; readonly caller: Caller }
  /** The redirect URL a person pasted. */
  | { readonly type: 'pasted'; readonly text: string };

export interface ConnectionTest {
  readonly connection: string;
  readonly steps: readonly {
    readonly name: 'configuration' | 'sign-in' | 'policy' | 'credential' | 'target';
    readonly ok: boolean;
    readonly detail: string;
    readonly micros: number;
    readonly error?: WireError;
  }[];
}

export type ToTest =
  | { readonly type: 'wanted'; readonly names: readonly string[] }
  | { readonly type: 'tested'; readonly test: ConnectionTest }
  | { readonly type: 'error'; readonly error: WireError };

export type FromTest =
  | { readonly type: 'test'; readonly connection: string; readonly caller: Caller }
  | { readonly type: 'environment'; readonly values: Readonly<Record<string, string>> };

/** What `broker approvals` asks for: rows as they come and change, after what is there now. */
export interface FromApprovals {
  readonly caller: Caller;
  readonly connection?: string;
  /** Only this request; the start of an id will do. */
  readonly id?: string;
  /** Also what is answered or over. */
  readonly all?: boolean;
  /** How far back, milliseconds; two days unless told. */
  readonly since?: number;
  /** End after what is there now. */
  readonly once?: boolean;
}

export type ToApprovals =
  | { readonly type: 'row'; readonly row: ApprovalRow }
  /** Everything that was there has been told. */
  | { readonly type: 'listed' }
  /** The store cannot be read right now; the stream goes on. */
  | { readonly type: 'problem'; readonly error: WireError }
  | { readonly type: 'error'; readonly error: WireError };

export type FromAnswer =
  | {
      readonly type: 'answer';
      readonly id: string;
      /** `digest` of the row that was shown: another request is not answered. */
      readonly digest: string;
      readonly answer: ApprovalDecision['answer'];
      readonly reason?: string;
      readonly strength: ApprovalStrength;
      readonly mode: SignInMode;
      readonly caller: Caller;
    }
  | { readonly type: 'pasted'; readonly text: string };

export type ToAnswer =
  | { readonly type: 'prompt'; readonly prompt: SignInPrompt }
  | { readonly type: 'answered'; readonly key: string; readonly digest: string }
  | { readonly type: 'error'; readonly error: WireError };

export interface FromWindow {
  readonly connection: string;
  /** Seconds. */
  readonly duration: number;
  readonly reason: string;
  readonly caller: Caller;
  /** The request stays when the caller goes (`--no-wait`); otherwise a caller that goes withdraws it. */
  readonly stay?: true;
}

/** The first row as soon as the request stands in the store, and every change until it is answered or over. */
export type ToWindow =
  | { readonly type: 'row'; readonly row: ApprovalRow }
  | { readonly type: 'error'; readonly error: WireError };
