// What an export format is: header, statements, events, footer, written to a target that knows no paths. Must never judge.
import type { Json } from '../lib/canonical.ts';
import type { Predicate } from '../model/evidence.ts';
import type { Verification } from '../model/verdict.ts';
import type { Approvers, Person } from './approver.ts';

/** Where a format writes: plain names below one folder, or one stream. */
export interface ExportTarget {
  /** False for one stream: then names mean nothing, and only `append` works. */
  readonly folder: boolean;
  /** Writes a whole file. Names are relative, made of plain parts. */
  file(name: string, bytes: Uint8Array | string, executable?: boolean): Promise<void>;
  /** Appends to a file, creating it at first. */
  append(name: string, text: string): Promise<void>;
}

export interface ExportHeader {
  readonly tool: string;
  readonly store: { readonly id: string; readonly url: string; readonly file: Uint8Array };
  /** What was asked for, as typed: `since`, `user` … */
  readonly filters: Readonly<Record<string, string>>;
  /** RFC 3339. Only what tells of the export itself may say it: the same evidence gives the same bytes. */
  readonly made: string;
}

export interface ExportedStatement {
  readonly key: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly predicate: Predicate;
  readonly subjects: readonly { readonly name: string; readonly digest: string }[];
  /** The filters asked for it; a statement that only links the chain is not chosen, and its blobs stay behind. */
  readonly chosen: boolean;
  /** Whose statement it is, as their sign-in names them; only for formats that people read. */
  readonly person?: Person;
  /** Who answered the requests of this session, as far as their answers are in the store and not withheld. */
  readonly approvers?: Approvers;
}

export interface ExportedEvent {
  readonly statement: ExportedStatement;
  /** The sealed line, canonical JSON, and what it says. */
  readonly line: string;
  readonly value: Readonly<Record<string, Json>>;
}

export interface ExportFooter {
  readonly verdicts: Verification;
  /** How the export itself was recorded. */
  readonly access: { readonly recorded: boolean; readonly reason: string; readonly key?: string };
}

/** One export under way. Calls come in this order, and one at a time. */
export interface ExportWriter {
  header(header: ExportHeader): Promise<void>;
  statement(statement: ExportedStatement): Promise<void>;
  /** A blob of the statement before; what many statements share is given once. Only when the format wants blobs. */
  blob(digest: string, bytes: Uint8Array): Promise<void>;
  /** In place of the log with this digest: what is told of it, in pieces. Only when something is withheld. */
  disclosed?(log: string, told: AsyncIterable<string>): Promise<void>;
  /** An object of a request that the statement before names, once; only when the format wants blobs. */
  approval?(key: string, bytes: Uint8Array): Promise<void>;
  /** Only when the format wants events. */
  event(event: ExportedEvent): Promise<void>;
  footer(footer: ExportFooter): Promise<void>;
}

/** One row of the exporters shelf. */
export interface Exporter {
  readonly id: string;
  readonly summary: string;
  /** What it must be given besides statements. */
  /** It draws conclusions from all events: then none may be withheld. */
  readonly judges?: true;
  readonly wants: { readonly blobs: boolean; readonly events: boolean };
  /** It may go to standard output as well as into a folder. */
  readonly streams: boolean;
  open(target: ExportTarget): ExportWriter;
}
