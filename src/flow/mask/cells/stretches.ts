// Stretches of a text that may be base64 or hexadecimal of another text, and what they then say. Pure; must stay linear in the text,
// and cost next to nothing where there are none.
import { isOf, kindOf, nextRun, runEnd } from './runs.ts';

/** Shorter stretches hold nothing a detector knows. */
const SHORTEST_BASE64 = 12;
const BASE64_LETTERS = kindOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-');
/** Ends of lines within a stretch, also as they are escaped. */
const BREAKS = /\r?\n|\\r\\n|\\n/;
const BREAK_HERE = /(?:\r?\n|\\r\\n|\\n)(?=[A-Za-z0-9+/_-])/y;
const [LINE_FEED, RETURN, BACKSLASH, EQUALS, SMALL_X] = [10, 13, 92, 61, 120];

/** Pairs of digits, alone or with one separator between: dumps, `\x…`, `0x…`, colons. */
const FEWEST_PAIRS = 5;
const HEX_DIGITS = '0123456789ABCDEFabcdef';
const HEX = kindOf(HEX_DIGITS);
const HEX_LETTERS = kindOf(`${HEX_DIGITS} :-`);
const SEPARATORS = /[ :-]/g;

/** Share of ASCII that makes bytes a text. */
const TEXT = 0.95;

/** Groups of four, or pairs, that are judged: text shows itself early. */
const JUDGED = 64;

/** Bytes that are not text are looked at all the same, when there are so many that a value fits beside others. */
const PAYLOAD = 64;

/** Sextet of each character of base64 and base64url; 64 for others. */
const SEXTET = new Uint8Array(128).fill(64);
for (const [at, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  SEXTET[letter.charCodeAt(0)] = at;
SEXTET[45] = 62;
SEXTET[95] = 63;

const sextet = (text: string, at: number): number => SEXTET[text.charCodeAt(at) & 127] ?? 64;

/** How many of so many may be something else. */
const tolerated = (judged: number): number => judged - Math.ceil(judged * TEXT);

/** Whether groups of four from `from` on decode to ASCII: of the three bytes, none has its highest bit set. */
export function isAscii(text: string, from: number, end: number): boolean {
  const groups = Math.min((end - from) >> 2, JUDGED);
  if (groups < 2) return false;
  let left = tolerated(groups);
  for (let at = from; at < from + groups * 4; at += 4)
    if (
      (sextet(text, at) & 32) !== 0 ||
      (sextet(text, at + 1) & 8) !== 0 ||
      (sextet(text, at + 2) & 2) !== 0
    ) {
      left -= 1;
      if (left < 0) return false;
    }
  return true;
}

/** UTF-16 without the halves that are zero. */
export const narrowed = (decoded: string): string =>
  decoded.includes('\0') ? decoded.replaceAll('\0', '') : decoded;

/** Behind the last separator of its own kind: `path/` and base64. */
function lastPart(text: string, start: number, end: number): number {
  for (let at = end - 1; at >= start; at -= 1) {
    const letter = text[at];
    if (letter === '/' || letter === '-' || letter === '_') return at + 1;
  }
  return start;
}

/** What one line of base64 may say: from its start, and from within where other characters stand against it. */
function* readings(line: string): Generator<string> {
  if (line.length > PAYLOAD || isAscii(line, 0, line.length))
    yield narrowed(Buffer.from(line, 'base64').toString('latin1'));
  for (let from = 1; from < 4; from += 1)
    if (isAscii(line, from, line.length)) yield Buffer.from(line.slice(from), 'base64').toString('latin1');
  const part = lastPart(line, 0, line.length);
  if (part > 3 && isAscii(line, part, line.length))
    yield Buffer.from(line.slice(part), 'base64').toString('latin1');
}

/** What a stretch of base64 may say. */
export function* base64Readings(stretch: string): Generator<string> {
  const lines = stretch.split(BREAKS);
  if (lines.length === 1) {
    yield* readings(stretch);
    return;
  }
  yield* readings(lines.join(''));
  for (const line of lines) yield* readings(line);
}

/** False for digests, identifiers and words: then `base64Readings` would find nothing in that one line. */
function saysSomething(text: string, start: number, end: number): boolean {
  if (end - start > PAYLOAD) return true;
  for (let from = start; from < start + 4; from += 1) if (isAscii(text, from, end)) return true;
  const part = lastPart(text, start, end);
  return part > start + 3 && isAscii(text, part, end);
}

/** Where the stretch of base64 ends whose first line ends at `line`. */
function base64End(text: string, line: number): number {
  let end = line;
  for (let code = text.charCodeAt(end); ; code = text.charCodeAt(end)) {
    if (code !== LINE_FEED && code !== RETURN && code !== BACKSLASH) break;
    BREAK_HERE.lastIndex = end;
    if (!BREAK_HERE.test(text)) break;
    end = runEnd(text, BASE64_LETTERS, BREAK_HERE.lastIndex);
  }
  for (let padding = 0; padding < 2 && text.charCodeAt(end) === EQUALS; padding += 1) end += 1;
  return end;
}

/** Visits each stretch of base64 that says something. */
export function eachBase64(text: string, visit: (start: number, end: number) => void): void {
  let start = nextRun(text, BASE64_LETTERS, SHORTEST_BASE64, 0);
  while (start >= 0) {
    const line = runEnd(text, BASE64_LETTERS, start + SHORTEST_BASE64);
    const end = base64End(text, line);
    const isOneLine = end === line || text.charCodeAt(line) === EQUALS;
    if (!isOneLine || saysSomething(text, start, end)) visit(start, end);
    start = nextRun(text, BASE64_LETTERS, SHORTEST_BASE64, end);
  }
}

/** Behind the end there is no letter. */
const isHex = (text: string, at: number): boolean => at < text.length && isOf(HEX, text.charCodeAt(at));

/** Whether pairs from `start` on are ASCII, zero bytes of UTF-16 or white space; digests, identifiers and numbers are not. */
function isHexText(text: string, start: number, pairs: number): boolean {
  const judged = Math.min(pairs, JUDGED);
  let left = tolerated(judged);
  let at = start;
  for (let pair = 0; pair < judged; pair += 1) {
    const high = text.charCodeAt(at);
    if ((high < 50 || high > 55) && high !== 48) {
      left -= 1;
      if (left < 0) return false;
    }
    at += isHex(text, at + 2) ? 2 : 3;
  }
  return true;
}

/** Whether pairs are written as bytes are, `\\x…`, or are so many that a value fits beside others. */
const isBytes = (text: string, start: number, pairs: number): boolean =>
  pairs >= PAYLOAD || (text.charCodeAt(start - 1) === SMALL_X && text.charCodeAt(start - 2) === BACKSLASH);

/** Visits each stretch of hexadecimal that stands for a text, with that text. */
export function eachHex(text: string, visit: (start: number, end: number, decoded: string) => void): void {
  let run = nextRun(text, HEX_LETTERS, FEWEST_PAIRS * 2, 0);
  while (run >= 0) {
    const stop = runEnd(text, HEX_LETTERS, run);
    for (let start = run; start < stop; ) {
      let pairs = 0;
      let at = start;
      for (let more = true; more; ) {
        const digits = runEnd(text, HEX, at);
        const whole = digits - ((digits - at) & 1);
        pairs += (whole - at) >> 1;
        // One separator belongs to the pair before it; an odd digit to nothing.
        more = whole > at && whole === digits && digits < stop;
        at = more ? digits + 1 : whole;
      }
      if (pairs < FEWEST_PAIRS) {
        start += 1;
        continue;
      }
      if (isBytes(text, start, pairs) || isHexText(text, start, pairs)) {
        const stretch = text.slice(start, at);
        const bytes = Buffer.from(stretch.replace(SEPARATORS, ''), 'hex');
        visit(start, start + stretch.trimEnd().length, narrowed(bytes.toString('latin1')));
      }
      start = at;
    }
    run = nextRun(text, HEX_LETTERS, FEWEST_PAIRS * 2, stop);
  }
}
