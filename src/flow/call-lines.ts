// How a call stands in the record. Pure; everything here was masked before.
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import { jcsDigest } from '../lib/jcs.ts';
import type { ActionUse } from '../model/action.ts';
import type { Decision } from '../model/decision.ts';
import type { EventData } from '../model/event.ts';
import type { DocumentMasker } from './mask/document.ts';

/** Calls are numbered by their own recorder; conversations of the database start at 1. */
export const CALLS = 0;

/** Characters of a call's text that are kept. */
const MAX_TEXT = 64 * 1024;

export interface Call {
  readonly method: string;
  /** The tool, prompt or resource; absent for what names none. */
  readonly name?: string;
  readonly use: ActionUse;
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Everything else that the request says and a server could act on. */
  readonly rest?: Readonly<Record<string, unknown>>;
}

/** A call as it may be kept and shown. */
export type WrittenCall = Omit<Call, 'rest'>;

/** Text with half a surrogate pair cannot be recorded. */
export const wellFormed = (text: string): string => text.toWellFormed();

export function writtenCall(
  { method, name, use, arguments: given }: Call,
  scribe: DocumentMasker,
): WrittenCall {
  const { type, id } = use.resource;
  return {
    method,
    ...(name === undefined ? {} : { name: wellFormed(scribe.text(name)) }),
    use: { action: use.action, resource: { type, id: wellFormed(scribe.text(id)) } },
    ...(given === undefined ? {} : { arguments: scribe.mask(given).value }),
  };
}

export function callLine(
  statement: number,
  { method, name, use, arguments: given }: WrittenCall,
  decision: Decision,
  grants: readonly string[],
): EventData['statement'] {
  const shown = `${method}${name === undefined ? '' : ` ${name}`}${given ? ` ${JSON.stringify(given)}` : ''}`;
  const whole = wellFormed(shown);
  const text = whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)}…`.toWellFormed() : whole;
  const digest = given ? { arguments: jcsDigest(given) } : {};
  return {
    conversation: CALLS,
    statement,
    phase: 'call',
    call: { method, ...(name === undefined ? {} : { name }), ...digest },
    text,
    digest: sha256(whole),
    actions: [use],
    ...(grants.length === 0 ? {} : { context: { ...NO_TEXT, inTransaction: false, grants } }),
    decision: decision.outcome,
    policies: decision.policies,
    policyDigest: decision.policyDigest,
    fingerprint: sha256(canonical([method, name ?? ''])),
  };
}

/** A call is no text of a database. */
const NO_TEXT = { columns: [], functions: [], hasWhere: false, statementCount: 1, tables: [] } as const;

/** One row per part, together no more than the connection keeps of an answer. */
export function sampleOf(shown: readonly string[], maxBytes: number): (readonly string[])[] {
  let left = maxBytes;
  const rows: string[][] = [];
  for (const part of shown) {
    if (left <= 0) break;
    const cut = part.length > left ? `${part.slice(0, left)}…` : part;
    left -= cut.length;
    rows.push([wellFormed(cut)]);
  }
  return rows;
}
