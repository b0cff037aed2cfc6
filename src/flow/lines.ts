// Canonical JSON of the two event types on the hot path, put together from parts made once per text.
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import type { ActionUse } from '../model/action.ts';
import type { ParameterRecord, TextContext } from '../model/event.ts';
import type { Judged } from './conversation.ts';

/** Texts up to this many characters are repeated on every line; longer ones only on their first. */
const REPEATED_TEXT = 512;

export interface StatementParts {
  readonly digest: string;
  readonly actions: string;
  readonly context: ContextParts;
  readonly middle: string;
  readonly policies: string;
  readonly text: string;
  readonly repeat: boolean;
  written: boolean;
}

/** The circumstances a text brings, around those of the moment. Texts of one shape share them. */
interface ContextParts {
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** The statement whose line holds them: later lines refer to it. */
  of: number | undefined;
}

function contextParts(context: TextContext): ContextParts {
  const { columns, functions, hasWhere, ...rest } = context;
  const [before, after] = [canonical({ columns, functions }), canonical(rest)];
  return {
    before: before.slice(0, -1),
    between: `,"hasWhere":${hasWhere},"inTransaction":`,
    after: `,${after.slice(1)}`,
    of: undefined,
  };
}

function contextOf(parts: ContextParts, line: StatementLine): string {
  const { inTransaction = false, grants = [] } = line;
  const open = grants.length > 0 ? `"grants":${canonical(grants)}` : '';
  if (parts.of !== undefined && parts.of !== line.statement)
    return `{${open && `${open},`}"inTransaction":${inTransaction},"of":${parts.of}}`;
  parts.of = line.statement;
  return `${parts.before}${open && `,${open}`}${parts.between}${inTransaction}${parts.after}`;
}

/** Everything about a judged text that does not change from execution to execution. Texts and names are masked already. */
export function statementParts(
  judged: Judged & { readonly actions: readonly ActionUse[]; readonly context: TextContext },
  text: string,
): StatementParts {
  const { actions, classification, context, decision } = judged;
  const digest = sha256(text);
  return {
    digest,
    actions: `{"actions":${canonical(actions)},"context":`,
    context: contextParts(context),
    middle: middleOf(digest, classification.fingerprint),
    policies: `,"policies":${canonical(decision.policies)},"policyDigest":"${decision.policyDigest}","statement":`,
    text: `,"text":${canonical(text)}}`,
    repeat: text.length <= REPEATED_TEXT,
    written: false,
  };
}

/** The parts of another text that was judged alike: only what the text itself says differs. */
export function retoldParts(like: StatementParts, fingerprint: string, text: string): StatementParts {
  const digest = sha256(text);
  return {
    ...like,
    digest,
    middle: middleOf(digest, fingerprint),
    text: `,"text":${canonical(text)}}`,
    repeat: text.length <= REPEATED_TEXT,
    written: false,
  };
}

function middleOf(digest: string, fingerprint: string): string {
  return `,"digest":"${digest}","fingerprint":"${fingerprint}"`;
}

export interface StatementLine {
  readonly conversation: number;
  readonly statement: number;
  readonly phase: 'simple' | 'parse' | 'execute' | 'fast-path';
  readonly decision: 'allow' | 'ask' | 'deny';
  readonly parameters?: readonly ParameterRecord[];
  readonly inTransaction?: boolean;
  /** Names of open windows. */
  readonly grants?: readonly string[];
}

/** Canonical JSON of an `EventData['statement']`. */
export function statementLine(parts: StatementParts, line: StatementLine): string {
  const parameters = line.parameters ? `,"parameters":${canonical(line.parameters)}` : '';
  const text = parts.repeat || !parts.written ? parts.text : '}';
  parts.written = true;
  const circumstances = `${contextOf(parts.context, line)},"conversation":${line.conversation}`;
  return `${parts.actions}${circumstances},"decision":"${line.decision}"${parts.middle}${parameters},"phase":"${line.phase}"${parts.policies}${line.statement}${text}`;
}

export interface AnswerLine {
  /** Of a call: how many others ran at any time together with it. */
  readonly beside?: number;
  readonly bytes: number;
  readonly columns: readonly string[] | undefined;
  readonly conversation: number;
  readonly masked: number;
  readonly message: string | undefined;
  readonly micros: number;
  readonly rows: number;
  readonly sample: readonly (readonly (string | null)[])[];
  readonly sqlstate: string | undefined;
  readonly statement: number;
  readonly status: string;
  readonly tag: string | undefined;
}

/** Canonical JSON of an `EventData['answer']`. */
export function answerLine(line: AnswerLine): string {
  let out = line.beside ? `{"beside":${line.beside},"bytes":${line.bytes}` : `{"bytes":${line.bytes}`;
  if (line.columns) out += `,"columns":${canonical(line.columns)}`;
  out += `,"conversation":${line.conversation}`;
  if (line.masked > 0) out += `,"masked":${line.masked}`;
  if (line.message !== undefined) out += `,"message":${canonical(line.message)}`;
  out += `,"micros":${line.micros},"rows":${line.rows}`;
  if (line.sample.length > 0) out += `,"sample":${canonical(line.sample)}`;
  if (line.sqlstate !== undefined) out += `,"sqlstate":${canonical(line.sqlstate)}`;
  out += `,"statement":${line.statement},"status":"${line.status}"`;
  if (line.tag !== undefined) out += `,"tag":${canonical(line.tag)}`;
  return `${out}}`;
}
