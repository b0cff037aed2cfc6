// Cedar files → policies with ids and places. Must never lose or reorder a policy.
import type { DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyText } from '../../model/session.ts';
import type { Cedar } from './engine.ts';

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

interface Piece {
  readonly text: string;
  readonly offset: number;
}

/** One token of Cedar, as far as it matters to find where a policy ends: comment, string, or the semicolon. */
const TOKEN = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"|;/g;
const BLANK = /^(?:\s|\/\/[^\n]*(?:\n|$))*/;

/** Cuts a file after each policy's semicolon. Offsets are in bytes, as Cedar's are. */
function cut(text: string): Piece[] {
  const ends = [...text.matchAll(TOKEN)].filter(([token]) => token === ';').map(({ index }) => index + 1);
  const pieces: Piece[] = [];
  let from = 0;
  for (const end of [...ends, text.length]) {
    const blank = BLANK.exec(text.slice(from, end))?.[0].length ?? 0;
    if (from + blank < end)
      pieces.push({
        text: text.slice(from + blank, end),
        offset: Buffer.byteLength(text.slice(0, from + blank)),
      });
    from = end;
  }
  return pieces;
}

/** `file:line:column`, both counted from 1, the column in characters. */
export function placeOf(file: string, text: string, offset: number): string {
  const before = Buffer.from(text).subarray(0, offset).toString('utf8').split('\n');
  return `${file}:${before.length}:${[...(before.at(-1) ?? '')].length + 1}`;
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
  const last = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;
  return files.some((other) => other !== file && last(other) === last(file)) ? file : last(file);
}

/** Reads all files; a policy's id is its `@id("…")`, else `file#n`. Every problem is reported, not only the first. */
export function readSources(cedar: Cedar, { files }: PolicyText): Sources {
  const policies: PolicySource[] = [];
  const problems: PolicyProblem[] = [];
  const seen = new Map<string, string>();
  const all = Object.keys(files).sort();
  for (const file of all) {
    const whole = files[file] ?? '';
    for (const [index, { text, offset }] of cut(whole).entries()) {
      const parsed = cedar.policyToJson(text);
      if (parsed.type === 'failure') {
        problems.push(...parsed.errors.map((error) => problem(error, file, whole, offset)));
        continue;
      }
      const id = parsed.json.annotations?.['id'] || `${shortName(file, all)}#${index + 1}`;
      const place = placeOf(file, whole, offset);
      const earlier = seen.get(id);
      if (earlier !== undefined) problems.push({ place, reason: `policy id "${id}" is taken by ${earlier}` });
      seen.set(id, place);
      policies.push({ id, file, text, offset, json: parsed.json });
    }
  }
  return { policies, problems };
}
