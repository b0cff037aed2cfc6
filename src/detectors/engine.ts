// One pass over a text for all detectors: a table says at which characters to look closer. It must stay linear in the text.
import type { Scanner, Span } from '../model/masking.ts';
import { beginsWord, isDigit, isLetter, isWord } from './characters.ts';
import type { AnchoredDetector, Detector, LetteredDetector, NumberDetector } from './detector.ts';
import { emptyRun, readRun } from './numbers.ts';

/** Characters from the most to the least frequent in logs, CSV and prose: an anchor is sought at its rarest one. */
const BY_FREQUENCY = ' 0123456789etaoinsrlhdcumfpgybvETAOINSRLHDCUMFPGYB.,-/:="_\'wkWVKxjqzXJQZ;()[]{}<>\\+@';

/** What a character of the table calls for: nothing, the digits' path, or the anchors' list. */
const NOTHING = 0;
const DIGITS = 1;
const ANCHORS = 2;

interface Anchor {
  readonly literal: string;
  /** Where in the literal the sought character stands. */
  readonly offset: number;
  readonly ignoreCase: boolean;
  readonly detector: AnchoredDetector;
}

interface Plan {
  readonly table: Uint8Array;
  readonly anchors: readonly (readonly Anchor[])[];
  readonly numbers: readonly NumberDetector[];
  readonly fewest: number;
  /** Bits of the group sizes each number detector starts with. */
  readonly leads: Int32Array;
  readonly lettered: readonly (readonly LetteredDetector[])[];
}

interface Found extends Span {
  readonly rank: number;
}

function rarest(literal: string): number {
  let best = 0;
  for (let i = 1; i < literal.length; i += 1) {
    if (rarity(literal, i) > rarity(literal, best)) best = i;
  }
  return best;
}

function rarity(literal: string, at: number): number {
  const place = BY_FREQUENCY.indexOf(literal[at] ?? '');
  return place < 0 ? BY_FREQUENCY.length : place;
}

function planFor(detectors: readonly Detector[]): Plan {
  const table = new Uint8Array(256);
  const anchors: Anchor[][] = Array.from({ length: 128 }, () => []);
  const numbers = detectors.filter((row): row is NumberDetector => row.kind === 'number');
  const lettered = detectors.filter((row): row is LetteredDetector => row.kind === 'lettered');
  for (const detector of detectors) {
    if (detector.kind !== 'anchored') continue;
    for (const literal of detector.anchors) addAnchor(anchors, literal, detector);
  }
  for (let code = 0; code < 128; code += 1) if ((anchors[code] ?? []).length > 0) table[code] = ANCHORS;
  if (numbers.length + lettered.length > 0) for (let code = 48; code < 58; code += 1) table[code] = DIGITS;
  return {
    table,
    anchors,
    numbers,
    leads: Int32Array.from(numbers, (row) => row.leads.reduce((bits, size) => bits | (1 << size), 0)),
    fewest: Math.min(Number.POSITIVE_INFINITY, ...numbers.map((row) => row.fewest)),
    lettered: Array.from({ length: 7 }, (_, n) => lettered.filter((row) => row.letters.some((l) => l === n))),
  };
}

function addAnchor(anchors: Anchor[][], literal: string, detector: AnchoredDetector): void {
  const offset = rarest(literal);
  const code = literal.charCodeAt(offset);
  const ignoreCase = detector.ignoreCase === true;
  const entry: Anchor = { literal, offset, ignoreCase, detector };
  anchors[code]?.push(entry);
  if (ignoreCase && code >= 97 && code <= 122) anchors[code - 32]?.push(entry);
}

function stands(text: string, at: number, anchor: Anchor): boolean {
  const { literal } = anchor;
  for (let i = 0; i < literal.length; i += 1) {
    let code = text.charCodeAt(at + i);
    if (anchor.ignoreCase && code >= 65 && code <= 90) code += 32;
    if (code !== literal.charCodeAt(i)) return false;
  }
  return true;
}

/** How many letters stand alone before `at`: 1, 2, 6, or 0 when another number of them does. */
function lettersBefore(text: string, at: number): 0 | 1 | 2 | 6 {
  if (!isLetter(text.charCodeAt(at - 2))) return isWord(text.charCodeAt(at - 2)) ? 0 : 1;
  if (!isLetter(text.charCodeAt(at - 3))) return isWord(text.charCodeAt(at - 3)) ? 0 : 2;
  for (let i = 4; i <= 6; i += 1) if (!isLetter(text.charCodeAt(at - i))) return 0;
  return isWord(text.charCodeAt(at - 7)) ? 0 : 6;
}

/** Builds a scanner over rows of the shelf. Its `scan` allocates only for what it finds. */
export function scannerOver(detectors: readonly Detector[]): Scanner {
  const plan = planFor(detectors);
  const run = emptyRun();
  let found: Found[] = [];

  function anchored(text: string, i: number, code: number): void {
    const list = plan.anchors[code] ?? [];
    for (let k = 0; k < list.length; k += 1) {
      const anchor = list[k];
      if (anchor === undefined || !stands(text, i - anchor.offset, anchor)) continue;
      const hit = anchor.detector.match(text, i - anchor.offset);
      if (hit !== undefined) push(hit.start, hit.end, anchor.detector);
    }
  }

  function push(start: number, end: number, row: Detector): void {
    found.push({ start, end, type: row.type, rank: row.rank });
  }

  /** Handles the digits that start at `i`; returns where the scan goes on. */
  function digits(text: string, i: number): number {
    if (!beginsWord(text, i)) {
      const letters = lettersBefore(text, i);
      const rows = plan.lettered[letters] ?? [];
      for (let k = 0; k < rows.length; k += 1) {
        const row = rows[k];
        const hit = row?.match(text, i - letters);
        if (row !== undefined && hit !== undefined) push(hit.start, hit.end, row);
      }
      let end = i + 1;
      while (isDigit(text.charCodeAt(end))) end += 1;
      return end;
    }
    readRun(text, i, run);
    if (run.digits >= plan.fewest) {
      for (let k = 0; k < plan.numbers.length; k += 1) {
        const row = plan.numbers[k];
        if (row === undefined || run.digits < row.fewest || (run.sizes & (plan.leads[k] ?? 0)) === 0)
          continue;
        row.match(run, (start, end) => push(start, end, row));
      }
    }
    return run.next;
  }

  function scan(text: string): readonly Span[] {
    found = [];
    const { table } = plan;
    const length = text.length;
    let i = 0;
    while (i < length) {
      const code = text.charCodeAt(i);
      const call = code < 128 ? table[code] : NOTHING;
      if (call === NOTHING) i += 1;
      else if (call === DIGITS) i = digits(text, i);
      else {
        anchored(text, i, code);
        i += 1;
      }
    }
    run.text = '';
    return found.length === 0 ? found : settle(found);
  }

  return { scan, types: [...new Set(detectors.map((row) => row.type))] };
}

/** Sorts, and joins what overlaps: everything any detector claimed stays covered, named by the highest rank. */
function settle(found: Found[]): readonly Span[] {
  found.sort((a, b) => a.start - b.start || b.rank - a.rank);
  const spans: Found[] = [];
  for (const next of found) {
    const last = spans.at(-1);
    if (last === undefined || next.start >= last.end) spans.push(next);
    else {
      const named = next.rank > last.rank ? next : last;
      spans[spans.length - 1] = {
        start: last.start,
        end: Math.max(last.end, next.end),
        type: named.type,
        rank: named.rank,
      };
    }
  }
  return spans.map(({ start, end, type }) => ({ start, end, type }));
}
