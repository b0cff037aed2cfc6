// Cedar files → policies with ids and places. Must never lose or reorder a policy.
import type { DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyText } from '../../model/session.ts';
import type { Cedar } from './engine.ts';
import { MAX_POLICIES, policyLimit, textLimit } from './limits.ts';

export interface PolicySource {
  readonly id: string;
  readonly file: string;
  /** As written, without the comments before it. */
  readonly text: string;
  /** Byte offset of `text` in its file. */
  readonly offset: number;
  readonly json: PolicyJson;
}

export interface PolicyProblem {
  /** `file:line:column` */
  readonly place: string;
  readonly reason: string;
}

export interface Piece {
  readonly text: string;
  /** In characters, and in bytes, as Cedar counts. */
  readonly index: number;
  readonly offset: number;
}

/** One token of Cedar, as far as it matters to find where a policy ends: comment, string, or the semicolon. */
const TOKEN = /\/\/[^\n\r]*|"(?:[^"\\]|\\[\s\S])*"|;/g;
const BLANK = /^(?:\s|\/\/[^\n\r]*(?:[\n\r]|$))*/;

/** Cuts a file after each policy's semicolon; comments before a policy are not part of it. A comment ends where Cedar ends it, at a carriage return too. */
export function cut(text: string): Piece[] {
  const ends = [...text.matchAll(TOKEN)].filter(([token]) => token === ';').map(({ index }) => index + 1);
  const pieces: Piece[] = [];
  let from = 0;
  let bytes = 0;
  for (const end of [...ends, text.length]) {
    const part = text.slice(from, end);
    const blank = BLANK.exec(part)?.[0].length ?? 0;
    const offset = bytes + Buffer.byteLength(part.slice(0, blank));
    if (blank < part.length) pieces.push({ text: part.slice(blank), index: from + blank, offset });
    bytes += Buffer.byteLength(part);
    from = end;
  }
  return pieces;
}

interface Lines {
  readonly bytes: Buffer;
  /** Byte offset of each line. */
  readonly starts: readonly number[];
}

/** Of the file asked about last: places are asked for file by file, thousands of times. */
let last: { readonly text: string; readonly lines: Lines } | undefined;

function linesOf(text: string): Lines {
  if (last?.text === text) return last.lines;
  const bytes = Buffer.from(text);
  const starts = [0];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  last = { text, lines: { bytes, starts } };
  return last.lines;
}

/** `file:line:column`, both counted from 1, the column in characters. */
export function placeOf(file: string, text: string, offset: number): string {
  const { bytes, starts } = linesOf(text);
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  const column = [...bytes.subarray(starts[low], offset).toString('utf8')].length + 1;
  return `${file}:${low + 1}:${column}`;
}

/** What stands before the names of a machine's files beside a published policy: those may only forbid. */
export const LOCAL = 'local:';

/** What stands before the ids of a file's policies: a local policy can never take the name of a published one. */
function scopeOf(file: string): string {
  return file.startsWith(LOCAL) ? LOCAL : '';
}

/** What Cedar says about a fault, with what it expected where it says so. */
export function problem(error: DetailedError, file: string, text: string, offset: number): PolicyProblem {
  const [source] = error.sourceLocations ?? [];
  const reason = error.message.replace(/^failed to parse (?:policy|template)[^:]*: /, '');
  const more = [source?.label, error.help].filter(Boolean).map((part) => `; ${part}`);
  return { place: placeOf(file, text, offset + (source?.start ?? 0)), reason: reason + more.join('') };
}

export interface Sources {
  readonly policies: readonly PolicySource[];
  readonly problems: readonly PolicyProblem[];
}

/** The name policies of a file go by: its last part, or all of it where two files share that. */
function shortName(file: string, files: readonly string[]): string {
  const end = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;
  return files.some((other) => other !== file && end(other) === end(file)) ? file : end(file);
}

/** Cedar gives an annotation without a value none. */
function annotated(json: PolicyJson): PolicyJson {
  const given = Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? '']);
  return { ...json, annotations: Object.fromEntries(given) };
}

type Read = { readonly json: PolicyJson } | { readonly problems: readonly PolicyProblem[] };

function readPiece(cedar: Cedar, { text, offset }: Piece, file: string, whole: string): Read {
  const limit = policyLimit(text);
  if (limit) return { problems: [{ place: placeOf(file, whole, offset), reason: `this policy ${limit}` }] };
  const parsed = cedar.policyToJson(text);
  if (parsed.type === 'success') return { json: annotated(parsed.json) };
  return { problems: parsed.errors.map((error) => problem(error, file, whole, offset)) };
}

/** Reads all files; a policy's id is its `@id("…")`, else `file#n`. Every problem is reported, not only the first. */
export function readSources(cedar: Cedar, text: PolicyText): Sources {
  const { files } = text;
  const policies: PolicySource[] = [];
  const problems: PolicyProblem[] = [];
  const seen = new Map<string, string>();
  const all = Object.keys(files).sort();
  const tooMuch = textLimit(text);
  if (tooMuch) return { policies, problems: [{ place: `${all[0] ?? 'policy'}:1:1`, reason: tooMuch }] };
  for (const file of all) {
    const whole = files[file] ?? '';
    for (const [index, piece] of cut(whole).entries()) {
      const place = placeOf(file, whole, piece.offset);
      if (policies.length >= MAX_POLICIES)
        return {
          policies: [],
          problems: [{ place, reason: `there are more than ${MAX_POLICIES} policies` }],
        };
      const read = readPiece(cedar, piece, file, whole);
      if ('problems' in read) {
        problems.push(...read.problems);
        continue;
      }
      const { json } = read;
      if (json.effect === 'permit' && file.startsWith(LOCAL))
        problems.push({ place, reason: 'beside a published policy, local files permit nothing' });
      const id = `${scopeOf(file)}${json.annotations?.['id'] || `${shortName(file.slice(scopeOf(file).length), all)}#${index + 1}`}`;
      const earlier = seen.get(id);
      if (earlier !== undefined) problems.push({ place, reason: `policy id "${id}" is taken by ${earlier}` });
      seen.set(id, place);
      policies.push({ id, file, text: piece.text, offset: piece.offset, json });
    }
  }
  return { policies, problems };
}
