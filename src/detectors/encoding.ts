// Sees through ways of writing characters: zero-width ones, other digits, `%40`, `\\u0040`, `\\x40`, `&#64;`, `=40`, and one inside another.
// Whole encodings (base64, hexadecimal) are for structure-aware decoders in front of the scanner. What is too deep is claimed unseen.
import type { Scanner, Span } from '../model/masking.ts';
import { meaningOf, WRITINGS, type Writing } from './writings.ts';

/** Characters around an encoded one that are read with it: words that announce a value, and the value. */
const AROUND = 128;

/** What is found this close to where the stretch was cut out may be a piece of something longer. */
const EDGE = 8;

/** Levels that are seen through, as in `%252540`. */
const LEVELS = 6;

/** Data type of what is written in more levels than that. */
const UNREADABLE = 'encoded';

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly meaning: string;
}

function pieces(text: string, { pattern }: Writing): Piece[] {
  const found: Piece[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const means = meaningOf(match[0]);
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

/** Spans of what is written in one of the ways, and of what that says in turn. */
function decodedSpans(scanner: Scanner, text: string, writing: Writing, levels: number): readonly Span[] {
  if (!writing.signs(text)) return [];
  const found = pieces(text, writing);
  if (found.length === 0) return [];
  const parts = [...clusters(found)];
  if (levels === 0)
    return parts.map((cluster) => ({
      type: UNREADABLE,
      start: cluster[0]?.start ?? 0,
      end: cluster.at(-1)?.end ?? 0,
    }));
  const inner = {
    types: scanner.types,
    announces: (name: string) => scanner.announces(name),
    scan: (decoded: string) => scanThrough(scanner, decoded, levels - 1),
  };
  return parts.flatMap((cluster) => spansIn(inner, text, cluster));
}

function scanThrough(scanner: Scanner, text: string, levels: number): readonly Span[] {
  let spans = scanner.scan(text);
  for (const writing of WRITINGS) {
    const decoded = decodedSpans(scanner, text, writing, levels);
    if (decoded.length > 0) spans = union(spans, decoded);
  }
  return spans;
}

/** A scanner that also finds values some of whose characters are written in another way. */
export function throughEncoding(scanner: Scanner): Scanner {
  return {
    types: scanner.types,
    announces: (name) => scanner.announces(name),
    scan: (text) => scanThrough(scanner, text, LEVELS),
  };
}
