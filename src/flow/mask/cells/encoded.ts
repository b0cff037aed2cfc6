// Values inside base64 and hexadecimal: what stands there is decoded and looked at, and the whole stretch is claimed. What is wrapped
// deeper, or is longer, than is looked at is claimed unseen: it must never pass because it could not be read.
import type { Span } from '../../../model/masking.ts';
import { withoutExponent } from './exponent.ts';
import { UNREAD, unpacked } from './packed.ts';
import { base64Readings, eachBase64, eachHex, isAscii, narrowed } from './stretches.ts';

type Scan = (text: string) => readonly Span[];

/** Data type of what could not be read: it is masked whole. */
export const UNREADABLE = 'encoded';

/** Wrappings that are undone. */
const DEEPEST = 8;

/** Longest stretch that is decoded, in characters. */
const MOST = 64 * 1024 * 1024;

/** What may still be decoded of one text, so that readings of readings stay linear in it. */
interface Budget {
  left: number;
}

const BUDGET_PER_CHARACTER = 12;
const BUDGET_AT_LEAST = 65_536;

const budgetFor = (text: string): Budget => ({
  left: Math.max(text.length * BUDGET_PER_CHARACTER, BUDGET_AT_LEAST),
});

const NOTHING: readonly Span[] = [];

/** Whether a text still reads as something wrapped when no more wrappings are undone. */
function isWrapped(decoded: string): boolean {
  let wrapped = false;
  eachBase64(decoded, (start, end) => {
    wrapped ||= isAscii(decoded, start, end);
  });
  return wrapped;
}

/** Data type of the first thing in what was decoded; what there is no budget to read is claimed. */
function firstIn(decoded: string, scan: Scan, depth: number, budget: Budget): string | undefined {
  budget.left -= decoded.length;
  if (budget.left < 0) return UNREADABLE;
  const [found] = scan(decoded);
  if (found) return found.type;
  if (depth <= 1) return isWrapped(decoded) ? UNREADABLE : undefined;
  const content = unpacked(decoded);
  if (content === UNREAD) return UNREADABLE;
  // What was packed is longer than what there was to read of it, so it has a budget of its own.
  if (content !== undefined) return firstIn(narrowed(content), scan, depth - 1, budgetFor(content));
  return inside(decoded, scan, depth - 1, budget)[0]?.type;
}

function firstInBase64(stretch: string, scan: Scan, depth: number, budget: Budget): string | undefined {
  if (stretch.length > MOST) return UNREADABLE;
  for (const decoded of base64Readings(stretch)) {
    const type = firstIn(decoded, scan, depth, budget);
    if (type !== undefined) return type;
  }
  return undefined;
}

function inside(text: string, scan: Scan, depth: number, budget: Budget): readonly Span[] {
  let spans: Span[] | undefined;
  const claim = (start: number, end: number, type: string | undefined): void => {
    if (type === undefined) return;
    spans ??= [];
    spans.push({ start, end, type });
  };
  eachHex(text, (start, end, decoded) => claim(start, end, firstIn(decoded, scan, depth, budget)));
  eachBase64(text, (start, end) =>
    claim(start, end, firstInBase64(text.slice(start, end), scan, depth, budget)),
  );
  eachExponent(text, (start, end, digits) => claim(start, end, scan(digits)[0]?.type));
  return spans ?? NOTHING;
}

/** Numbers with a dozen digits and more as float8 and JSON have them, from their point on: a point is found faster than a digit. */
const EXPONENTS = /\.\d{8,17}[eE]\+?1\d(?!\d)/g;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function eachExponent(text: string, visit: (start: number, end: number, digits: string) => void): void {
  if (!text.includes('.')) return;
  for (const { 0: fraction, index } of text.matchAll(EXPONENTS)) {
    // A look behind in the pattern would look at every character.
    if (!isDigit(text.charCodeAt(index - 1))) continue;
    const [start, end] = [index - 1, index + fraction.length];
    visit(start, end, withoutExponent(text.slice(start, end)));
  }
}

/** Sorted, without overlaps: what either claims stays covered. */
export function joined(spans: readonly Span[]): readonly Span[] {
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
  const hidden = inside(text, scan, DEEPEST, budgetFor(text));
  return hidden.length === 0 ? plain : joined([...hidden, ...plain]);
}

/** Data type of what `scan` finds in bytes: as they are, as UTF-16 or UTF-32, or unpacked. Undefined when they may pass. */
export function scanBytes(bytes: string, scan: Scan): string | undefined {
  return firstIn(bytes, scan, DEEPEST, budgetFor(bytes)) ?? firstInNarrow(bytes, scan);
}

function firstInNarrow(bytes: string, scan: Scan): string | undefined {
  return bytes.includes('\0') ? firstIn(narrowed(bytes), scan, DEEPEST, budgetFor(bytes)) : undefined;
}
