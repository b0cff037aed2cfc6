// Sees through one level of writing: zero-width characters, full-width and Arabic digits, `%40`, `\u0040`, `&#64;`, `\/`.
// Deeper nesting and whole encodings (base64, JSON in JSON) are for structure-aware decoders in front of the scanner.
import type { Scanner, Span } from '../model/masking.ts';

/** Characters around an encoded one that are read with it: words that announce a value, and the value. */
const AROUND = 128;

/** What is found this close to where the stretch was cut out may be a piece of something longer. */
const EDGE = 8;

/** Cheap signs that there may be something to decode. */
const SIGNS = ['%', '\\', '&#'];
const WIDE = /[^\x00-\x7f]/;

/** What is decoded, as UTF-16 and as UTF-8 bytes read as Latin-1. Only what stands for printable ASCII, or for nothing. */
const ENCODED = new RegExp(
  [
    '%[2-7][0-9A-Fa-f]',
    '\\\\u00[2-7][0-9A-Fa-f]',
    '\\\\/',
    '&#(?:x[2-7][0-9A-Fa-f]|\\d{2,3});',
    // Soft hyphen, zero-width space, joiners and marks, word joiner, byte order mark.
    '(?<![\\x80-\\xff])\\xad|\\xc2\\xad|[\\u200b-\\u200f\\u2060\\ufeff]|\\xe2\\x80[\\x8b-\\x8f]|\\xe2\\x81\\xa0|\\xef\\xbb\\xbf',
    // Full-width forms of ASCII.
    '[\\uff01-\\uff5e]|\\xef\\xbc[\\x81-\\xbf]|\\xef\\xbd[\\x80-\\x9e]',
    // Arabic-Indic, extended Arabic-Indic and Devanagari digits.
    '[\\u0660-\\u0669\\u06f0-\\u06f9\\u0966-\\u096f]|\\xd9[\\xa0-\\xa9]|\\xdb[\\xb0-\\xb9]|\\xe0\\xa5[\\xa6-\\xaf]',
  ].join('|'),
  'g',
);

/** First digit of each run of ten, and the full-width block. */
const ZEROS = [0x660, 0x6f0, 0x966];

/** Code point of one UTF-16 unit, or of two or three UTF-8 bytes read as Latin-1. */
function codePoint(written: string): number {
  const first = written.charCodeAt(0);
  const second = written.charCodeAt(1) & 63;
  if (written.length === 1) return first;
  if (written.length === 2) return ((first & 31) << 6) | second;
  return ((first & 15) << 12) | (second << 6) | (written.charCodeAt(2) & 63);
}

/** Number written in `%41`, `\u0041`, `&#65;` or `&#x41;`; NaN for anything else. */
function codeIn(written: string): number {
  const first = written[0];
  if (first === '%') return Number.parseInt(written.slice(1), 16);
  if (first === '\\') return Number.parseInt(written.slice(4), 16);
  if (first !== '&') return Number.NaN;
  return written[2] === 'x'
    ? Number.parseInt(written.slice(3, 5), 16)
    : Number.parseInt(written.slice(2, -1), 10);
}

/** What an encoded piece stands for; empty for what takes no room. Undefined: not printable ASCII after all. */
function meaning(written: string): string | undefined {
  if (written === '\\/') return '/';
  const ascii = codeIn(written);
  if (!Number.isNaN(ascii)) return ascii >= 0x20 && ascii < 0x7f ? String.fromCharCode(ascii) : undefined;
  const code = codePoint(written);
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  const zero = ZEROS.find((each) => code >= each && code < each + 10);
  return zero === undefined ? '' : String(code - zero);
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly meaning: string;
}

function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  ENCODED.lastIndex = 0;
  for (let match = ENCODED.exec(text); match !== null; match = ENCODED.exec(text)) {
    const means = meaning(match[0]);
    if (means !== undefined)
      found.push({ start: match.index, end: match.index + match[0].length, meaning: means });
  }
  return found;
}

/** Pieces whose surroundings touch are decoded together. */
function* clusters(found: readonly Piece[]): Generator<readonly Piece[]> {
  let from = 0;
  for (let i = 1; i <= found.length; i += 1) {
    const gap = (found[i]?.start ?? Number.POSITIVE_INFINITY) - (found[i - 1]?.end ?? 0);
    if (gap <= 2 * AROUND) continue;
    yield found.slice(from, i);
    from = i;
  }
}

/** Spans of a stretch of text in its decoded form, in the offsets of the text. */
function spansIn(scanner: Scanner, text: string, cluster: readonly Piece[]): Span[] {
  const first = cluster[0]?.start ?? 0;
  const last = cluster.at(-1)?.end ?? 0;
  const start = Math.max(0, first - AROUND);
  const end = Math.min(text.length, last + AROUND);
  /** Of each decoded character: where it starts and ends in the text. */
  const starts: number[] = [];
  const ends: number[] = [];
  const decoded: string[] = [];
  const take = (plainFrom: number, plainTo: number): void => {
    for (let at = plainFrom; at < plainTo; at += 1) {
      starts.push(at);
      ends.push(at + 1);
    }
    decoded.push(text.slice(plainFrom, plainTo));
  };
  let from = start;
  for (const piece of cluster) {
    take(from, piece.start);
    if (piece.meaning !== '') {
      starts.push(piece.start);
      ends.push(piece.end);
      decoded.push(piece.meaning);
    }
    from = piece.end;
  }
  take(from, end);

  const whole = { start: start === 0 ? 0 : EDGE, end: starts.length - (end === text.length ? 0 : EDGE) };
  return scanner
    .scan(decoded.join(''))
    .filter((span) => span.start >= whole.start && span.end <= whole.end)
    .map((span) => ({
      type: span.type,
      start: starts[span.start] ?? start,
      end: ends[span.end - 1] ?? end,
    }));
}

/** Joins two sorted lists: what either claims stays covered. On overlap the plain finding names it. */
function union(plain: readonly Span[], decoded: readonly Span[]): readonly Span[] {
  const sorted = [...plain, ...decoded].sort((a, b) => a.start - b.start);
  const spans: Span[] = [];
  for (const next of sorted) {
    const last = spans.at(-1);
    if (last === undefined || next.start >= last.end) spans.push(next);
    else if (next.end > last.end) spans[spans.length - 1] = { ...last, end: next.end };
  }
  return spans;
}

/** A scanner that also finds values some of whose characters are written in another way. */
export function throughEncoding(scanner: Scanner): Scanner {
  return {
    types: scanner.types,
    scan(text) {
      const plain = scanner.scan(text);
      if (!SIGNS.some((sign) => text.includes(sign)) && !WIDE.test(text)) return plain;
      const found = pieces(text);
      if (found.length === 0) return plain;
      const decoded = [...clusters(found)].flatMap((cluster) => spansIn(scanner, text, cluster));
      return decoded.length === 0 ? plain : union(plain, decoded);
    },
  };
}
