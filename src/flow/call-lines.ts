// How a call stands in the record. Pure; everything here was masked before.
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import { jcsDigest } from '../lib/jcs.ts';
import type { ActionUse } from '../model/action.ts';
import type { Decision } from '../model/decision.ts';
import type { DocumentMasker } from './mask/document.ts';

/** Calls are numbered by their own recorder; conversations of the database start at 1. */
export const CALLS = 0;

/** Characters of a call's text that are kept. */
const MAX_TEXT = 64 * 1024;

export interface Call {
  readonly method: string;
  /** The tool, prompt or resource; absent for what names none. */
  readonly name?: string | undefined;
  readonly use: ActionUse;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Everything else that the request says and a server could act on. */
  readonly rest?: Readonly<Record<string, unknown>> | undefined;
}

/** A call as it may be kept and shown. */
export type WrittenCall = Omit<Call, 'rest'>;

/** Text with half a surrogate pair cannot be recorded. */
export const wellFormed = (text: string): string => text.toWellFormed();

/** What is called, as it may be kept: the same for every call of it. */
interface Named {
  readonly bare: WrittenCall;
  /** Canonical JSON around what differs from call to call. */
  readonly actions: string;
  readonly called: string;
  readonly fingerprint: string;
  readonly shown: string;
}

/** Things called that are remembered. */
const MOST_NAMED = 1024;

/** Words calls for the record. What it is given is masked with `scribe`, which is for others than the one who called. */
export class CallWriter {
  readonly #scribe: DocumentMasker;
  readonly #named = new Map<string, Named>();
  readonly #decided = new WeakMap<Decision, string>();

  constructor(scribe: DocumentMasker) {
    this.#scribe = scribe;
  }

  /** The call as it may be kept, and canonical JSON of its `EventData['statement']`. */
  write(statement: number, call: Call, rules: CallRules): { written: WrittenCall; line: string } {
    const named = this.#of(call);
    const given = call.arguments && this.#scribe.mask(call.arguments).value;
    const written = given === undefined ? named.bare : { ...named.bare, arguments: given };
    return { written, line: this.#line(statement, named, given, rules) };
  }

  #line(statement: number, named: Named, given: WrittenCall['arguments'], rules: CallRules): string {
    const whole = wellFormed(given ? `${named.shown} ${JSON.stringify(given)}` : named.shown);
    const text = whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)}…`.toWellFormed() : whole;
    const digest = given ? `"arguments":"${jcsDigest(given)}",` : '';
    const { grants, decision } = rules;
    const context =
      grants.length === 0 ? '' : `"context":${canonical({ ...NO_TEXT, inTransaction: false, grants })},`;
    return `${named.actions}${digest}${named.called}${context}"conversation":${CALLS},"decision":"${decision.outcome}","digest":"${sha256(whole)}"${named.fingerprint}${this.#ruled(decision)}${statement},"text":${canonical(text)}}`;
  }

  #ruled(decision: Decision): string {
    const known = this.#decided.get(decision);
    if (known !== undefined) return known;
    const { policies, policyDigest } = decision;
    const made = `,"policies":${canonical(policies)},"policyDigest":"${policyDigest}","statement":`;
    this.#decided.set(decision, made);
    return made;
  }

  #of({ method, name, use }: Call): Named {
    const { type, id } = use.resource;
    const key = `${method} ${type} ${id}`;
    const known = this.#named.get(key);
    if (known) return known;
    const shownName = name === undefined ? undefined : wellFormed(this.#scribe.text(name));
    const shownId = wellFormed(this.#scribe.text(id));
    const made = namedOf(method, shownName, { action: use.action, resource: { type, id: shownId } });
    // What was hidden is counted each time.
    if (shownId !== id || shownName !== name) return made;
    if (this.#named.size >= MOST_NAMED) this.#named.clear();
    this.#named.set(key, made);
    return made;
  }
}

/** What a call was decided by. */
export interface CallRules {
  readonly decision: Decision;
  /** Names of open windows. */
  readonly grants: readonly string[];
}

function namedOf(method: string, name: string | undefined, use: ActionUse): Named {
  const said = name === undefined ? '' : `,"name":${canonical(name)}`;
  return {
    bare: { method, ...(name === undefined ? {} : { name }), use },
    actions: `{"actions":${canonical([use])},"call":{`,
    called: `"method":${canonical(method)}${said}},`,
    fingerprint: `,"fingerprint":"${sha256(canonical([method, name ?? '']))}","phase":"call"`,
    shown: name === undefined ? method : `${method} ${name}`,
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
