// One line of a session's event log. Every line answers AU-3: what, when, where, source, outcome, identity.
import type { ActionUse } from './action.ts';
import type { SessionApproval } from './approval.ts';
import type { Outcome } from './decision.ts';

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

/** The data of each event type. Masked before it gets here; no floats, no integers beyond 2^53-1. */
export interface EventData {
  'session.open': { readonly client: string; readonly listener: string; readonly reason?: string };
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
    readonly phase: 'simple' | 'parse' | 'execute' | 'fast-path';
    /** Masked text; absent when `textRef` names an earlier line's `digest`. */
    readonly text?: string;
    /** SHA-256 hex of the masked text. */
    readonly digest: string;
    readonly parameters?: readonly ParameterRecord[];
    readonly actions: readonly ActionUse[];
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
  };
  cancel: { readonly conversation: number };
  notice: {
    readonly conversation: number;
    readonly severity: string;
    readonly sqlstate: string;
    readonly message: string;
  };
  /** Something masking, recording or policy wants an auditor to see. */
  warning: { readonly code: string; readonly detail: string };
  'terminal.resize': { readonly columns: number; readonly rows: number };
  credential: {
    readonly source: string;
    readonly account: string;
    readonly expires?: string;
    readonly label: string;
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
