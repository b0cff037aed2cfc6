// One pass over a text for all detectors: a table says at which characters to look closer. It must stay linear in the text.
import type { Scanner, Span } from '../model/masking.ts';
import { isDigit, isEscapeLetter, isLetter, isWord } from './characters.ts';
import type { AnchoredDetector, Detector, LetteredDetector, NumberDetector } from './detector.ts';
import { emptyRun, readRun } from './numbers.ts';

/** Characters from the most to the least frequent in logs, CSV and prose: an anchor is sought at its rarest pair. */
const BY_FREQUENCY =
  ' 0123456789etaoinsrlhdcumfpgybv.,-/:="_\'ETAOINSRLHDCUMFPGYBVwkxjqzWKVXJQZ;()[]{}<>\\+@';

/** Fits the index of the pair table: two characters of seven bits. Anything beyond ASCII counts as NUL. */
const PAIRS = 128 * 128;

/** What a pair of characters calls for: nothing, digits on their own, digits behind a letter; from 3 on, a list of anchors. */
const NOTHING = 0;
const NUMBER = 1;
const LETTERED = 2;
const FIRST_LIST = 3;

interface Anchor {
  readonly literal: string;
  /** Where in the literal the second character of the sought pair stands; 0 when any character may stand before. */
  readonly offset: number;
  readonly ignoreCase: boolean;
  readonly detector: AnchoredDetector;
  /** Place of the detector in the scanner. */
  readonly row: number;
}

interface Plan {
  /** By `previous << 7 | current`: one of the calls above. */
  readonly table: Uint8Array;
  readonly lists: readonly (readonly Anchor[])[];
  readonly numbers: readonly NumberDetector[];
  readonly fewest: number;
  /** Bits of the group sizes each number detector starts with. */
  readonly leads: Int32Array;
  readonly lettered: readonly (readonly LetteredDetector[])[];
}

interface Found extends Span {
  readonly rank: number;
}

function rarity(character: string | undefined): number {
  const place = BY_FREQUENCY.indexOf(character ?? '');
  return place < 0 ? BY_FREQUENCY.length : place;
}

/** Second place of the rarest pair; 0 for a literal of one character. */
function rarestPair(literal: string): number {
  let best = Math.min(1, literal.length - 1);
  for (let i = 2; i < literal.length; i += 1) {
    if (rarity(literal[i - 1]) + rarity(literal[i]) > rarity(literal[best - 1]) + rarity(literal[best]))
      best = i;
  }
  return best;
}

function casesOf(code: number, ignoreCase: boolean): readonly number[] {
  return ignoreCase && code >= 97 && code <= 122 ? [code, code - 32] : [code];
}

const EVERY = Array.from({ length: 128 }, (_, code) => code);

function anchorsByPair(detectors: readonly Detector[]): Map<number, Anchor[]> {
  const pairs = new Map<number, Anchor[]>();
  for (const [row, detector] of detectors.entries()) {
    if (detector.kind !== 'anchored') continue;
    const ignoreCase = detector.ignoreCase === true;
    for (const literal of detector.anchors) {
      const offset = rarestPair(literal);
      const firsts = offset === 0 ? EVERY : casesOf(literal.charCodeAt(offset - 1), ignoreCase);
      for (const first of firsts) {
        for (const second of casesOf(literal.charCodeAt(offset), ignoreCase)) {
          const pair = (first << 7) | second;
          pairs.set(pair, [...(pairs.get(pair) ?? []), { literal, offset, ignoreCase, detector, row }]);
        }
      }
    }
  }
  return pairs;
}

/** Fills the table; equal lists share a number, so that there are far fewer than 253 of them. */
function listsInto(
  table: Uint8Array,
  pairs: ReadonlyMap<number, readonly Anchor[]>,
): readonly (readonly Anchor[])[] {
  const lists: (readonly Anchor[])[] = [];
  const known = new Map<string, number>();
  for (const [pair, list] of pairs) {
    const name = list.map((anchor) => `${anchor.row} ${anchor.literal}`).join('\n');
    const number = known.get(name) ?? lists.push(list) - 1;
    known.set(name, number);
    table[pair] = FIRST_LIST + number;
  }
  return lists;
}

function planFor(detectors: readonly Detector[]): Plan {
  const table = new Uint8Array(PAIRS);
  const numbers = detectors.filter((row): row is NumberDetector => row.kind === 'number');
  const lettered = detectors.filter((row): row is LetteredDetector => row.kind === 'lettered');
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const before = pair >> 7;
    if (isDigit(pair & 127) && !isDigit(before)) table[pair] = isLetter(before) ? LETTERED : NUMBER;
  }
  return {
    lists: listsInto(table, anchorsByPair(detectors)),
    table,
    numbers,
    leads: Int32Array.from(numbers, (row) => row.leads.reduce((bits, size) => bits | (1 << size), 0)),
    fewest: Math.min(Number.POSITIVE_INFINITY, ...numbers.map((row) => row.fewest)),
    lettered: Array.from({ length: 7 }, (_, n) => lettered.filter((row) => row.letters.some((l) => l === n))),
  };
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
  const claimed = new Int32Array(detectors.length);
  let found: Found[] = [];

  function anchored(text: string, i: number, list: readonly Anchor[]): void {
    for (let k = 0; k < list.length; k += 1) {
      const anchor = list[k];
      if (anchor === undefined) continue;
      const at = i - anchor.offset;
      // What a detector has claimed it does not look into again: `password=password=…` stays linear.
      if (at < (claimed[anchor.row] ?? 0) || !stands(text, at, anchor)) continue;
      const hit = anchor.detector.match(text, at);
      if (hit === undefined) continue;
      claimed[anchor.row] = hit.end;
      push(hit.start, hit.end, anchor.detector);
    }
  }

  function push(start: number, end: number, row: Detector): void {
    found.push({ start, end, type: row.type, rank: row.rank });
  }

  function lettered(text: string, i: number): void {
    const letters = lettersBefore(text, i);
    const rows = plan.lettered[letters] ?? [];
    for (let k = 0; k < rows.length; k += 1) {
      const row = rows[k];
      const hit = row?.match(text, i - letters);
      if (row !== undefined && hit !== undefined) push(hit.start, hit.end, row);
    }
  }

  /** Handles the run of digits that starts at `i`. */
  function numbers(text: string, i: number): void {
    if (i < run.next) return;
    readRun(text, i, run);
    if (run.digits < plan.fewest) return;
    for (let k = 0; k < plan.numbers.length; k += 1) {
      const row = plan.numbers[k];
      if (row === undefined || run.digits < row.fewest || (run.sizes & (plan.leads[k] ?? 0)) === 0) continue;
      row.match(run, (start, end) => push(start, end, row));
    }
  }

  function look(text: string, i: number, call: number): void {
    if (call === NUMBER) numbers(text, i);
    else if (call !== LETTERED) anchored(text, i, plan.lists[call - FIRST_LIST] ?? []);
    else if (isEscapeLetter(text, i - 1)) numbers(text, i);
    else lettered(text, i);
  }

  function scan(text: string): readonly Span[] {
    found = [];
    run.next = 0;
    claimed.fill(0);
    const { table } = plan;
    const length = text.length;
    let pair = 0;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      pair = ((pair << 7) & 0x3f80) | (code < 128 ? code : 0);
      const call = table[pair];
      if (call !== NOTHING) look(text, i, call as number);
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
