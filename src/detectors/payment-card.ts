// Payment card numbers: issuer range, length, Luhn, and the groupings cards are written in.
import { digitsIn, isAlphanumeric, isDigit, isHex, said } from './characters.ts';
import { luhn } from './checksums.ts';
import { type NumberDetector, type NumberRun, SEPARATOR } from './detector.ts';
import { isEmbedded, isFraction } from './numbers.ts';

interface Issuer {
  /** Inclusive range of leading digits; both ends have the same number of digits. */
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
}

/** ISO/IEC 7812 issuer ranges as the networks publish them; first match wins. Seen in their BIN documentation, 2025. */
const ISSUERS: readonly Issuer[] = [
  { from: 34, to: 34, lengths: [15] }, // American Express
  { from: 37, to: 37, lengths: [15] },
  { from: 300, to: 305, lengths: [14, 16] }, // Diners Club
  { from: 3095, to: 3095, lengths: [14, 16] },
  { from: 36, to: 36, lengths: [14, 16] },
  { from: 38, to: 39, lengths: [14, 16] },
  { from: 3528, to: 3589, lengths: [16] }, // JCB
  { from: 4, to: 4, lengths: [13, 16, 19] }, // Visa
  { from: 51, to: 55, lengths: [16] }, // Mastercard
  { from: 2200, to: 2204, lengths: [16, 19] }, // Mir
  { from: 2221, to: 2720, lengths: [16] }, // Mastercard
  { from: 6011, to: 6011, lengths: [16, 19] }, // Discover
  { from: 644, to: 659, lengths: [16, 19] },
  { from: 62, to: 62, lengths: [16, 17, 18, 19] }, // UnionPay
  { from: 81, to: 82, lengths: [16] }, // UnionPay, RuPay
  { from: 60, to: 60, lengths: [16] }, // RuPay
  { from: 5018, to: 5018, lengths: [13, 15, 16, 19] }, // Maestro
  { from: 5020, to: 5020, lengths: [13, 15, 16, 19] },
  { from: 5038, to: 5038, lengths: [13, 15, 16, 19] },
  { from: 5893, to: 5893, lengths: [16] },
  { from: 6304, to: 6304, lengths: [16, 17, 18, 19] },
  { from: 6759, to: 6763, lengths: [16, 17, 18, 19] },
  { from: 636, to: 639, lengths: [16, 19] }, // InterPayment, Elo
  { from: 5019, to: 5019, lengths: [16] }, // Dankort
  { from: 5060, to: 5067, lengths: [16, 19] }, // Verve, Elo
  { from: 508, to: 509, lengths: [16] }, // RuPay, Elo
  { from: 9792, to: 9792, lengths: [16] }, // Troy
];

/** Lengths common enough to be believed with nothing but range and checksum. */
const PLAIN = new Set([14, 15, 16]);
const SPOKEN = /\b(?:cards?|pan|visa|maestro|credit|debit|cc|ccn|cardnumber|card_?(?:no|number|num))\b/i;

function issued(digits: string): boolean {
  return ISSUERS.some(({ from, to, lengths }) => {
    const width = from < 10 ? 1 : from < 100 ? 2 : from < 1000 ? 3 : 4;
    const head = Number(digits.slice(0, width));
    return head >= from && head <= to && lengths.includes(digits.length);
  });
}

function ungrouped(run: NumberRun, group: number): boolean {
  const start = run.starts[group] ?? 0;
  const end = run.ends[group] ?? 0;
  const length = end - start;
  const first = run.text.charCodeAt(start);
  if (
    length < 13 ||
    length > 19 ||
    first < 50 ||
    isEmbedded(run.text, start, end) ||
    isFraction(run.text, start)
  )
    return false;
  const digits = run.text.slice(start, end);
  if (!luhn(digits) || !issued(digits)) return false;
  return PLAIN.has(length) || (length === 19 && digits.startsWith('62')) || said(run.text, start, SPOKEN);
}

const sizeOf = (run: NumberRun, group: number): number => (run.ends[group] ?? 0) - (run.starts[group] ?? 0);

/** Groups of a card starting at `first`: 4-4-4-4(-1…3), 4-6-5 and 4-6-4; the index after the last, or 0. */
function cardGroups(run: NumberRun, first: number): number {
  if (sizeOf(run, first) !== 4 || first + 2 >= run.count) return 0;
  const second = sizeOf(run, first + 1);
  const third = sizeOf(run, first + 2);
  if (second === 6) return third === 5 || third === 4 ? first + 3 : 0;
  if (second !== 4 || third !== 4 || first + 3 >= run.count) return 0;
  const fourth = sizeOf(run, first + 3);
  if (fourth === 3 || fourth === 1) return first + 4;
  if (fourth !== 4) return 0;
  return first + 4 < run.count && sizeOf(run, first + 4) === 3 ? first + 5 : first + 4;
}

/** Whether a token of four hex digits, with at least one digit in it, starts at `at`. */
function isFour(text: string, at: number): boolean {
  let digits = 0;
  for (let i = at; i < at + 4; i += 1) {
    if (!isHex(text.charCodeAt(i))) return false;
    if (isDigit(text.charCodeAt(i))) digits += 1;
  }
  return digits > 0 && !isAlphanumeric(text.charCodeAt(at + 4)) && !isAlphanumeric(text.charCodeAt(at - 1));
}

/** Two or more neighbours of four digits, joined alike, make a table of numbers or a hex dump rather than a card. */
function inTable(run: NumberRun, first: number, next: number): boolean {
  const start = run.starts[first] ?? 0;
  const end = run.ends[next - 1] ?? 0;
  const glue = run.text[end];
  if (glue !== run.text[run.ends[first] ?? 0]) return false;
  const before = run.text[start - 1] === glue && isFour(run.text, start - 5);
  const after = isFour(run.text, end + 1);
  return after && (before || (run.text[end + 5] === glue && isFour(run.text, end + 6)));
}

function sameSeparators(run: NumberRun, first: number, next: number): boolean {
  for (let group = first + 2; group < next; group += 1) {
    if (run.separators[group] !== run.separators[first + 1]) return false;
  }
  return true;
}

/** Tries the full length, then without a trailing group that may be a security code. */
function groupedCard(run: NumberRun, first: number): number {
  const leading = run.text.charCodeAt(run.starts[first] ?? 0);
  const longest = leading < 50 ? 0 : cardGroups(run, first);
  for (let next = longest; next >= first + 3; next -= 1) {
    const start = run.starts[first] ?? 0;
    const end = run.ends[next - 1] ?? 0;
    if (!sameSeparators(run, first, next) || inTable(run, first, next) || isEmbedded(run.text, start, end))
      continue;
    const digits = digitsIn(run.text, start, end);
    if (luhn(digits) && issued(digits)) return next;
  }
  return 0;
}

export const paymentCard: NumberDetector = {
  kind: 'number',
  type: 'payment-card',
  summary: 'payment card numbers, by issuer range and Luhn',
  byDefault: true,
  rank: 80,
  spoken: SPOKEN,
  fewest: 13,
  leads: [4, 13, 14, 15, 16, 17, 18, 19],
  match(run, found) {
    for (let group = 0; group < run.count; group += 1) {
      if (ungrouped(run, group)) {
        found(run.starts[group] ?? 0, run.ends[group] ?? 0);
        continue;
      }
      const next = groupedCard(run, group);
      if (next === 0) continue;
      const last = run.separators[group + 1] === SEPARATOR.none ? group : next - 1;
      found(run.starts[group] ?? 0, run.ends[last] ?? 0);
      group = last;
    }
  },
};
