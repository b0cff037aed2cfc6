// Reads runs of digit groups once, for all number detectors. Linear: no digit of a text is read twice.
import { beginsWord, isAlphanumeric, isDigit } from './characters.ts';
import { type NumberRun, SEPARATOR } from './detector.ts';

/** Groups kept of one run; a longer run is read in several pieces. */
const GROUPS = 64;

export type MutableRun = { -readonly [K in keyof NumberRun]: NumberRun[K] } & { next: number };

export function emptyRun(): MutableRun {
  return {
    text: '',
    count: 0,
    digits: 0,
    sizes: 0,
    starts: new Int32Array(GROUPS),
    ends: new Int32Array(GROUPS),
    separators: new Uint8Array(GROUPS),
    next: 0,
  };
}

/** Kind and length of the separator at `at`: packed as length * 4 + kind, 0 when there is none. */
function separatorAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x20) return 4 + SEPARATOR.space;
  if (code === 0x2d) return 4 + SEPARATOR.hyphen;
  if (code === 0x2e) return 4 + SEPARATOR.dot;
  return code < 0x80 ? 0 : wideSeparatorAt(text, at, code);
}

/** No-break, figure, thin and narrow spaces, and typographic hyphens, as UTF-16 or as Latin-1 of UTF-8. */
function wideSeparatorAt(text: string, at: number, code: number): number {
  if (code === 0xa0) return 4 + SEPARATOR.space;
  if (code === 0xc2 && text.charCodeAt(at + 1) === 0xa0) return 8 + SEPARATOR.space;
  if (code === 0xe2 && text.charCodeAt(at + 1) === 0x80) {
    const kind = punctuation(0x2000 + (text.charCodeAt(at + 2) - 0x80));
    return kind === 0 ? 0 : 12 + kind;
  }
  const kind = punctuation(code);
  return kind === 0 ? 0 : 4 + kind;
}

function punctuation(code: number): number {
  if (code >= 0x2010 && code <= 0x2013) return SEPARATOR.hyphen;
  return code === 0x2007 || code === 0x2009 || code === 0x202f ? SEPARATOR.space : 0;
}

/** Reads the run whose first digit is at `at`. `run.next` is where the scan goes on. */
export function readRun(text: string, at: number, run: MutableRun): void {
  let count = 0;
  let digits = 0;
  let sizes = 0;
  let i = at;
  let separator: number = SEPARATOR.none;
  for (;;) {
    const start = i;
    while (isDigit(text.charCodeAt(i))) i += 1;
    run.starts[count] = start;
    run.ends[count] = i;
    run.separators[count] = separator;
    count += 1;
    digits += i - start;
    sizes |= 1 << Math.min(i - start, 31);
    const packed = separatorAt(text, i);
    if (packed === 0 || count === GROUPS) break;
    const next = i + (packed >> 2);
    if (!isDigit(text.charCodeAt(next))) break;
    separator = packed & 3;
    i = next;
  }
  run.text = text;
  run.count = count;
  run.digits = digits;
  run.sizes = sizes;
  run.next = i;
}

/** Whether the run is cut out of a longer word: `x4111…` or `…1111x` are not numbers. */
export function isEmbedded(text: string, start: number, end: number): boolean {
  return !beginsWord(text, start) || isAlphanumeric(text.charCodeAt(end));
}

/** Whether the digits at `start` are the fraction of a decimal number. */
export function isFraction(text: string, start: number): boolean {
  return text.charCodeAt(start - 1) === 0x2e && isDigit(text.charCodeAt(start - 2));
}

/** One group of the run written alone: not a piece of a longer hyphenated or dotted one. */
export function standsAlone(run: NumberRun, group: number): boolean {
  const after = group + 1 < run.count ? run.separators[group + 1] : SEPARATOR.none;
  const before = run.separators[group];
  return (
    before !== SEPARATOR.hyphen &&
    before !== SEPARATOR.dot &&
    after !== SEPARATOR.hyphen &&
    after !== SEPARATOR.dot &&
    !isEmbedded(run.text, run.starts[group] ?? 0, run.ends[group] ?? 0) &&
    !joined(run.text, run.starts[group] ?? 0, run.ends[group] ?? 0)
  );
}

/** Hyphen, dot, colon or slash glue to a word on either side, e.g. `inv-2024`, `a.1`. */
function joined(text: string, start: number, end: number): boolean {
  return (
    (isGlue(text.charCodeAt(start - 1)) && isAlphanumeric(text.charCodeAt(start - 2))) ||
    (isGlue(text.charCodeAt(end)) && isAlphanumeric(text.charCodeAt(end + 1)))
  );
}

const isGlue = (code: number): boolean => code === 0x2d || code === 0x2e || code === 0x2f;

/**
 * Whether groups [first, first + sizes.length) have these sizes, are joined by one and the same separator, and
 * are not a piece of a longer number joined by it. Returns the separator, or 0.
 */
export function grouped(run: NumberRun, first: number, sizes: readonly number[]): number {
  const last = first + sizes.length - 1;
  if (last >= run.count) return 0;
  const separator = run.separators[first + 1] ?? 0;
  for (let i = 0; i < sizes.length; i += 1) {
    if ((run.ends[first + i] ?? 0) - (run.starts[first + i] ?? 0) !== sizes[i]) return 0;
    if (i > 0 && run.separators[first + i] !== separator) return 0;
  }
  const before = run.separators[first] ?? 0;
  const after = last + 1 < run.count ? (run.separators[last + 1] ?? 0) : 0;
  if (before === separator || after === separator || before > SEPARATOR.space || after > SEPARATOR.space)
    return 0;
  const start = run.starts[first] ?? 0;
  const end = run.ends[last] ?? 0;
  return isEmbedded(run.text, start, end) || joined(run.text, start, end) ? 0 : separator;
}
