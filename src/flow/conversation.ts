// The pipeline as a protocol sees it. Protocol-blind: a protocol words things, the flow decides things.
import type { Catalogue } from '../model/catalogue.ts';
import type { Classification, CopyShape } from '../model/classification.ts';
import type { Decision } from '../model/decision.ts';
import type { BrokerError } from '../model/errors.ts';
import type { Field, ResultMask } from '../model/masking.ts';
import type { Permit } from './permit.ts';

/** A text that was classified and decided. Cached: the same text under the same rules is the same object. */
export interface Judged {
  readonly text: string;
  readonly classification: Classification;
  readonly decision: Decision;
}

export interface Parameter {
  /** The value's bytes, or null for SQL NULL. Valid only during the call. */
  readonly value: Uint8Array | null;
  readonly format: 0 | 1;
}

/** A held execution, as the client sees it. */
export interface Hold {
  /** Aborted when the client cancels, leaves, or the session ends; the answer then no longer counts. */
  readonly signal: AbortSignal;
  /** Target transaction state now: earlier statements may have changed it since. */
  readonly transaction?: 'I' | 'T' | 'E';
  /** Tells the waiting client something in its protocol's own words. */
  notice(message: string, hint?: string): void;
}

export interface Execution {
  readonly phase: 'simple' | 'execute';
  readonly parameters?: readonly Parameter[];
  /** Target transaction state at the time: idle, in transaction, failed. */
  readonly transaction: 'I' | 'T' | 'E';
  /** Only of use while `admit` has not been answered; made when first looked at. */
  readonly hold?: Hold;
}

export type Admission =
  | { readonly kind: 'forward'; readonly permit: Permit; readonly ticket: Ticket }
  | { readonly kind: 'refuse'; readonly error: BrokerError };

/** Error and notice fields by PostgreSQL's one-letter codes, or the like of another protocol. */
export type MessageFields = Map<string, string>;

/**
 * Follows one admitted execution to its end. Units of one text answer in order: `unit` is the index into
 * `judged.classification.units` of the unit that is answering.
 */
export interface Ticket {
  readonly judged: Judged;
  readonly statement: number;
  /** How the rows of a unit are masked, from their description. Undefined fields: no description was seen, mask all. */
  columns(unit: number, fields: readonly Field[] | undefined): ResultMask;
  /** The COPY shape and per-column masks of a unit that streams out; undefined when it must be refused. */
  copyOut(
    unit: number,
    columns: number,
    binary: boolean,
  ): { readonly shape: CopyShape; readonly mask: ResultMask } | undefined;
  /** Cleans an error's or notice's fields before anyone sees them. */
  scrub(fields: MessageFields): MessageFields;
  /** True while a masked row should be recorded through `sample`. */
  readonly sampling: boolean;
  /** One masked row as it goes to the client; null is SQL NULL. */
  sample(row: readonly (Uint8Array | null)[]): void;
  /** Counts rows that went by; call in the same turn of the event loop in which they were masked. */
  count(rows: number, bytes: number): void;
  /** A unit (or, for `refused` and `lost`, everything left) has ended; recorded at once. */
  finish(end: {
    readonly status: 'ok' | 'error' | 'refused' | 'cancelled' | 'lost';
    readonly tag?: string;
    readonly sqlstate?: string;
    readonly message?: string;
  }): void;
}

/** The catalogue as this conversation's transaction sees it; undefined where it cannot be asked just now. */
export type TargetView = () => Promise<Catalogue | undefined>;

/** One client connection inside a session. */
export interface Conversation {
  readonly id: number;
  /** How the target resolves names without a schema here, before the client says anything; undefined where it did not tell. */
  resolves(naming: string | undefined): void;
  /** How to see what the conversation itself defined and has not committed. */
  lookThrough(view: TargetView): void;
  /** The target has ended what was asked of it, and says whether a transaction is open. */
  ready(inTransaction: boolean): void;
  /** Classifies and decides. Asynchronous only when the catalogue must be read again. Never throws: failures deny. */
  judge(text: string): Judged | Promise<Judged>;
  /** Records a refusal met at Parse (nothing runs). Returns the error to word for the client. */
  refuse(judged: Judged, phase: 'parse' | 'execute' | 'simple'): BrokerError;
  /** Decides one execution, records it, and mints its permit. Asynchronous only when a person is asked. */
  admit(judged: Judged, execution: Execution): Admission | Promise<Admission>;
  /** The protocol's own named statements and cursors, which SQL text can refer to as well. */
  named(kind: 'statement' | 'portal', name: string, judged: Judged | undefined): void;
  /** Cleans notices, notifications and parameters that belong to no statement. */
  scrub(fields: MessageFields): MessageFields;
  /** Cleans one free text (a parameter value). */
  scrubText(text: string): string;
  /** Cleans a NOTIFY payload: whoever sent it, from whatever it was made. */
  scrubPayload(text: string): string;
  /** Cleans the value of a parameter the target reports. */
  scrubSetting(text: string): string;
  event(type: 'cancel' | 'notice', detail: { severity?: string; sqlstate?: string; message?: string }): void;
  warn(code: string, detail: string): void;
  /** Everything appended so far reaches the kernel; call before any byte leaves in either direction. Throws `journal-failed`. */
  flush(): void;
  close(reason: string): void;
}

/** One session's pipeline. */
export interface SessionPipeline {
  connect(client: { application?: string; parameters?: Readonly<Record<string, string>> }): Conversation;
  /** A client that did not present the session's secret, or broke the protocol before it had. */
  rejected(reason: string): void;
  close(reason: string): Promise<void>;
}
