// Values inside base64 and hexadecimal: what stands there is decoded and looked at, and the whole stretch is claimed. What is wrapped
// deeper, or is longer, than is looked at is claimed unseen: it must never pass because it could not be read.
import type { Span } from '../../../model/masking.ts';
import { kindOf, nextRun, runEnd } from './runs.ts';

type Scan = (text: string) => readonly Span[];

/** Data type of what could not be read: it is masked whole. */
export const UNREADABLE = 'encoded';

/** Wrappings that are undone. */
const DEEPEST = 8;

/** Longest stretch that is decoded, in characters. */
const MOST = 64 * 1024 * 1024;

/** Shorter stretches hold nothing a detector knows. */
const SHORTEST_BASE64 = 12;
const BASE64_LETTERS = kindOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-');
const BASE64 = /(?:[A-Za-z0-9+/_-]|(?:\r?\n|\\r\\n|\\n)(?=[A-Za-z0-9+/_-]))*={0,2}/y;
const BREAKS = /\r?\n|\\r\\n|\\n/;

/** Pairs of digits, alone or with one separator between: dumps, `\x…`, `0x…`, colons. */
const SHORTEST_HEX = 10;
const HEX_LETTERS = kindOf('0123456789ABCDEFabcdef :-');
const HEX = /(?:[0-9A-Fa-f]{2}[ :-]?){5}(?:[0-9A-Fa-f]{2}[ :-]?)*/g;

interface Stretch {
  readonly stretch: string;
  readonly index: number;
}

function* base64Stretches(text: string): Generator<Stretch> {
  let index = nextRun(text, BASE64_LETTERS, SHORTEST_BASE64, 0);
  while (index >= 0) {
    BASE64.lastIndex = index + SHORTEST_BASE64;
    BASE64.test(text);
    const end = BASE64.lastIndex;
    yield { stretch: text.slice(index, end), index };
    index = nextRun(text, BASE64_LETTERS, SHORTEST_BASE64, end);
  }
}

function* hexStretches(text: string): Generator<Stretch> {
  let start = nextRun(text, HEX_LETTERS, SHORTEST_HEX, 0);
  while (start >= 0) {
    const end = runEnd(text, HEX_LETTERS, start);
    for (const { 0: stretch, index } of text.slice(start, end).matchAll(HEX))
      yield { stretch, index: start + index };
    start = nextRun(text, HEX_LETTERS, SHORTEST_HEX, end);
  }
}

/** Share of ASCII that makes bytes a text. */
const TEXT = 0.95;

/** Bytes that are not text are looked at all the same, when there are so many that a value fits beside others. */
const PAYLOAD = 64;

/** Sextet of each character of base64 and base64url; 64 for others. */
const SEXTET = new Uint8Array(128).fill(64);
for (const [at, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  SEXTET[letter.charCodeAt(0)] = at;
SEXTET[45] = 62;
SEXTET[95] = 63;

const sextet = (text: string, at: number): number => SEXTET[text.charCodeAt(at) & 127] ?? 64;

/** Groups of four that are judged: text shows itself early. */
const JUDGED = 64;

/** Whether groups of four from `from` on decode to ASCII: of the three bytes, none has its highest bit set. */
function isAscii(text: string, from: number): boolean {
  const groups = Math.min((text.length - from) >> 2, JUDGED);
  if (groups < 2) return false;
  let ascii = 0;
  for (let group = 0; group < groups; group += 1) {
    const at = from + group * 4;
    if ((sextet(text, at) & 32) === 0 && (sextet(text, at + 1) & 8) === 0 && (sextet(text, at + 2) & 2) === 0)
      ascii += 1;
  }
  return ascii >= groups * TEXT;
}

/** UTF-16 without the halves that are zero. */
const narrowed = (decoded: string): string =>
  decoded.includes('\0') ? decoded.replaceAll('\0', '') : decoded;

/** What a stretch of base64 may say: from its start, and from within where other characters stand against it. */
function* readings(stretch: string): Generator<string> {
  if (stretch.length > PAYLOAD || isAscii(stretch, 0))
    yield narrowed(Buffer.from(stretch, 'base64').toString('latin1'));
  for (let from = 1; from < 4; from += 1)
    if (isAscii(stretch, from)) yield Buffer.from(stretch.slice(from), 'base64').toString('latin1');
  // `path/` and base64: the part behind the last separator of its own kind.
  const slash = Math.max(stretch.lastIndexOf('/'), stretch.lastIndexOf('-'), stretch.lastIndexOf('_')) + 1;
  if (slash > 3 && isAscii(stretch, slash))
    yield Buffer.from(stretch.slice(slash), 'base64').toString('latin1');
}

function* base64Readings(stretch: string): Generator<string> {
  const lines = stretch.split(BREAKS);
  if (lines.length === 1) {
    yield* readings(stretch);
    return;
  }
  yield* readings(lines.join(''));
  for (const line of lines) yield* readings(line);
}

const SEPARATORS = /[ :-]/g;

/** The text a stretch of hexadecimal stands for; undefined for digests, identifiers and numbers. */
function hexReading(stretch: string): string | undefined {
  const digits = stretch.replace(SEPARATORS, '');
  let ascii = 0;
  const pairs = Math.min(digits.length >> 1, JUDGED);
  for (let pair = 0; pair < pairs; pair += 1) {
    const high = digits.charCodeAt(pair * 2);
    // 2 to 7, or a zero byte of UTF-16, or white space.
    if ((high >= 50 && high <= 55) || high === 48) ascii += 1;
  }
  if (ascii < pairs * TEXT) return undefined;
  return narrowed(Buffer.from(digits, 'hex').toString('latin1'));
}

/** What may still be decoded of one text, so that readings of readings stay linear in it. */
interface Budget {
  left: number;
}

const BUDGET_PER_CHARACTER = 12;
const BUDGET_AT_LEAST = 65_536;

const EVERYTHING = (start: number, end: number): Span => ({ start, end, type: UNREADABLE });

/** Whether a text still reads as something wrapped when no more wrappings are undone. */
function isWrapped(decoded: string): boolean {
  for (const { stretch } of base64Stretches(decoded)) if (isAscii(stretch, 0)) return true;
  return false;
}

/** Data type of the first thing in what was decoded; what there is no budget to read is claimed. */
function firstIn(decoded: string, scan: Scan, depth: number, budget: Budget): string | undefined {
  budget.left -= decoded.length;
  if (budget.left < 0) return UNREADABLE;
  const [found] = scan(decoded);
  if (found) return found.type;
  if (depth <= 1) return isWrapped(decoded) ? UNREADABLE : undefined;
  return inside(decoded, scan, depth - 1, budget)[0]?.type;
}

function inside(text: string, scan: Scan, depth: number, budget: Budget): readonly Span[] {
  const spans: Span[] = [];
  for (const { stretch, index } of hexStretches(text)) {
    const decoded = hexReading(stretch);
    const type = decoded === undefined ? undefined : firstIn(decoded, scan, depth, budget);
    if (type !== undefined) spans.push({ start: index, end: index + stretch.trimEnd().length, type });
  }
  for (const { stretch, index } of base64Stretches(text)) {
    const end = index + stretch.length;
    if (stretch.length > MOST) spans.push(EVERYTHING(index, end));
    else {
      for (const decoded of base64Readings(stretch)) {
        const type = firstIn(decoded, scan, depth, budget);
        if (type === undefined) continue;
        spans.push({ start: index, end, type });
        break;
      }
    }
  }
  return spans;
}

/** Sorted, without overlaps: what either claims stays covered. */
function joined(spans: readonly Span[]): readonly Span[] {
  const out: Span[] = [];
  for (const next of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1);
    if (last === undefined || next.start >= last.end) out.push(next);
    else if (next.end > last.end) out[out.length - 1] = { ...last, end: next.end };
  }
  return out;
}

/** What `scan` finds in the text, and the stretches of base64 and hexadecimal in which it finds something. */
export function scanDecoded(text: string, scan: Scan): readonly Span[] {
  const plain = scan(text);
  const budget = { left: Math.max(text.length * BUDGET_PER_CHARACTER, BUDGET_AT_LEAST) };
  const hidden = inside(text, scan, DEEPEST, budget);
  return hidden.length === 0 ? plain : joined([...hidden, ...plain]);
}
