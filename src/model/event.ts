// One line of a session's event log. Every line answers AU-3: what, when, where, source, outcome, identity.

import type { ActionUse } from './action.ts';
import type { ApprovalStrength, SessionApproval } from './approval.ts';
import type { ColumnUse } from './classification.ts';
import type { Outcome } from './decision.ts';
import type { CoverageReason } from './masking.ts';
import type { Bot } from './principal.ts';

/** Who, where from and where to: the same for every event of one recording process, so serialised once. */
export interface EventOrigin {
  readonly session: string;
  /** `agent`, `worker`, `front`: which recorder wrote the line. */
  readonly recorder: 'agent' | 'worker' | 'front';
  readonly who: {
    readonly iss: string;
    readonly sub: string;
    readonly bot?: string;
    readonly account?: string;
  };
  readonly where: {
    readonly connection: string;
    readonly protocol: string;
    readonly address: string;
    readonly database?: string;
  };
  readonly source: {
    readonly host: string;
    readonly user: string;
    readonly pid: number;
    readonly tool: string;
  };
}

export interface ParameterRecord {
  /** Masked text of the value; null for SQL NULL. */
  readonly value: string | null;
  readonly format: 0 | 1;
}

/** What policy was told of a text beside its actions. Names are masked like the text. */
export interface TextContext {
  readonly columns: readonly ColumnUse[];
  readonly functions: readonly string[];
  readonly hasWhere: boolean;
  /** Something in here, or in `actions`, was masked: policy was asked with other names than these. */
  readonly masked?: true;
  readonly statementCount: number;
  readonly tables: readonly string[];
}

/** Circumstances of one execution. Those of its text stand on the line of the statement `of`, where it is not this one. */
export type StatementContext = { readonly inTransaction: boolean; readonly grants?: readonly string[] } & (
  | TextContext
  | { readonly of: number }
);

/** What policy was told of the session as a whole. The person's own claims are in the PK token. */
export interface SessionFacts {
  readonly groups: readonly string[];
  readonly bot?: Pick<Bot, 'groups' | 'client'> & { readonly models: readonly string[] };
  readonly labels: readonly string[];
  /** `schema.table.column` → data type. */
  readonly columns: Readonly<Record<string, string>>;
  /** The reason was masked. */
  readonly masked?: true;
}

/** The data of each event type. Masked before it gets here; no floats, no integers beyond 2^53-1. */
export interface EventData {
  'session.open': {
    readonly client: string;
    readonly listener: string;
    readonly reason?: string;
    readonly facts?: SessionFacts;
  };
  'session.close': { readonly reason: string; readonly exit?: number; readonly signal?: string };
  'client.connect': {
    readonly conversation: number;
    readonly application?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  };
  'client.refused': { readonly conversation: number; readonly reason: string };
  'client.disconnect': { readonly conversation: number; readonly reason: string };
  /** A decision, on disk before its permit is handed out. */
  statement: {
    readonly conversation: number;
    readonly statement: number;
    readonly phase: 'simple' | 'parse' | 'execute' | 'fast-path' | 'call';
    /** Of an MCP request: its method, the tool, prompt or resource it names, SHA-256 hex of its masked arguments (RFC 8785). */
    readonly call?: { readonly method: string; readonly name?: string; readonly arguments?: string };
    /** Masked text; absent when `textRef` names an earlier line's `digest`. */
    readonly text?: string;
    /** SHA-256 hex of the masked text. */
    readonly digest: string;
    readonly parameters?: readonly ParameterRecord[];
    readonly actions: readonly ActionUse[];
    readonly context?: StatementContext;
    readonly decision: Outcome;
    readonly policies: readonly string[];
    readonly policyDigest: string;
    readonly fingerprint: string;
  };
  /** What came back. */
  answer: {
    readonly conversation: number;
    readonly statement: number;
    readonly status: 'ok' | 'error' | 'refused' | 'cancelled' | 'lost';
    readonly tag?: string;
    readonly sqlstate?: string;
    readonly message?: string;
    readonly rows: number;
    readonly bytes: number;
    /** Wall microseconds from forward to completion. */
    readonly micros: number;
    readonly columns?: readonly string[];
    /** Masked rows up to the connection's cap. */
    readonly sample?: readonly (readonly (string | null)[])[];
    readonly masked?: number;
    /** Of a call: how many others ran at any time together with it; what ran beneath may be theirs. Absent when none did. */
    readonly beside?: number;
  };
  /** One assertion about who or what acted, with where it came from; claims are never merged into one. */
  claim: {
    readonly conversation: number;
    readonly statement?: number;
    /** P1: who the host is; P2: what the host says of the model. Higher levels are joined when events are read: no one claims them. */
    readonly level: 'P1' | 'P2';
    /** What is claimed: `host`, `model`, `call` … */
    readonly subject: string;
    readonly value: string;
    readonly source: string;
  };
  cancel: { readonly conversation: number };
  notice: {
    readonly conversation: number;
    readonly severity: string;
    readonly sqlstate: string;
    readonly message: string;
  };
  /** A call of a language model as it passed the loopback door: claims of the host and its provider, never proof. */
  'model.exchange': {
    readonly api: string;
    readonly asked?: string;
    readonly answered?: string;
    /** The provider's id of the answer. */
    readonly answer?: string;
    readonly stop?: string;
    /** SHA-256 hex of the request's body. */
    readonly prompt: string;
    /** SHA-256 hex of the canonical list of what was generated. */
    readonly completion?: string;
    /** Masked texts, where `recording.prompts` says `text`. */
    readonly said?: string;
    readonly generated?: string;
    readonly uses: readonly {
      readonly id: string;
      readonly name: string;
      /** SHA-256 hex of the masked arguments as canonical JSON (RFC 8785): to be joined with calls of tools. */
      readonly arguments?: string;
      /** SHA-256 hex of each argument that is a text, masked: to be joined with statements by their `digest`. */
      readonly texts?: readonly string[];
    }[];
    readonly results: readonly string[];
    readonly complete: boolean;
    readonly failure?: string;
  };
  /** Something masking, recording or policy wants an auditor to see. */
  warning: { readonly code: string; readonly detail: string };
  credential: {
    readonly source: string;
    readonly account: string;
    readonly expires?: string;
    readonly label: string;
  };
  /** A request was put before people. */
  'approval.request': {
    readonly id: string;
    readonly day: string;
    /** SHA-256 hex of the request file. */
    readonly request: string;
    readonly purpose: string;
    readonly reason: string;
    readonly policies: readonly string[];
    readonly quorum: number;
    readonly strength: ApprovalStrength;
    /** RFC 3339. */
    readonly expires: string;
    readonly conversation?: number;
    readonly statement?: number;
  };
  /** Somebody was told of a request, or could not be. */
  'approval.notify': {
    readonly id: string;
    readonly channel: 'webhook' | 'desktop';
    /** Host of the webhook. */
    readonly to?: string;
    readonly outcome: 'sent' | 'failed';
    readonly tries: number;
    readonly reason?: string;
  };
  /** An answer was found. One that does not count names the step of the check it failed. */
  'approval.decision': {
    readonly id: string;
    readonly key: string;
    readonly counts: boolean;
    readonly answer?: string;
    readonly iss?: string;
    readonly sub?: string;
    readonly jkt?: string;
    readonly strength?: ApprovalStrength;
    /** RFC 3339: when the person answered. */
    readonly answered?: string;
    readonly decision?: string;
    readonly step?: string;
    readonly reason?: string;
  };
  /** A statement or session goes on because it was approved. Time spent waiting is told here and nowhere else. */
  'approval.use': {
    readonly id: string;
    readonly conversation?: number;
    readonly statement?: number;
    /** Microseconds from the request to this use; 0 where it had been approved before. */
    readonly waited: number;
    readonly strength: ApprovalStrength;
    /** `iss|sub`, sorted. */
    readonly approvers: readonly string[];
  };
  /** A request of this session is over: what its `session` statement will name. */
  'approval.end': SessionApproval & { readonly conversation?: number; readonly statement?: number };
  coverage: { readonly columns: readonly CoverageRow[] };
}

export interface CoverageRow {
  /** `schema.table.column`, or the data type. */
  readonly subject: string;
  readonly seen: number;
  readonly lineage: number;
  readonly content: number;
  readonly unknown: number;
  /** Of those masked: whole, or made NULL, because what holds them cannot be taken apart or read. Absent: none. */
  readonly unmaskable?: number;
  /** Shown without a look. Absent: none. */
  readonly skipped?: number;
  /** Cells by reason. */
  readonly why?: Readonly<Partial<Record<CoverageReason, number>>>;
}

export type EventType = keyof EventData;

export interface Event<T extends EventType = EventType> {
  readonly type: T;
  /** RFC 3339 UTC, microseconds. */
  readonly time: string;
  readonly data: EventData[T];
}

/** Where a recording process puts its events. */
export interface Recorder {
  /** Buffers one event. Throws `journal-failed` once the journal is broken. */
  append<T extends EventType>(type: T, data: EventData[T]): void;
  /**
   * Hot path: appends an event whose data is already canonical JSON (RFC 8785), as made by `lib/canonical.ts`.
   */
  appendCanonical(type: EventType, canonicalData: string): void;
  /** Hands everything buffered to the kernel, synchronously: what is flushed survives the death of this process. */
  flush(): void;
  /** Resolves when everything flushed so far is on the disk (grouped fsync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}
