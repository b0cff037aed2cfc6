// Which pairs of characters call for a closer look, and for which detectors: made once per scanner, a table after that.
import { isDigit, isLetter } from './characters.ts';
import type { AnchoredDetector, Detector, LetteredDetector, NumberDetector } from './detector.ts';

/** Characters from the most to the least frequent in logs, CSV and prose: an anchor is sought at its rarest pair. */
const BY_FREQUENCY =
  ' 0123456789etaoinsrlhdcumfpgybv.,-/:="_\'ETAOINSRLHDCUMFPGYBVwkxjqzWKVXJQZ;()[]{}<>\\+@';

/** Fits the index of the pair table: two characters of seven bits. Anything beyond ASCII counts as NUL. */
const PAIRS = 128 * 128;

/** What a pair of characters calls for: nothing, digits on their own, digits behind a letter; from 3 on, a list of anchors. */
export const NOTHING = 0;
export const NUMBER = 1;
export const LETTERED = 2;
export const FIRST_LIST = 3;

export interface Anchor {
  readonly literal: string;
  /** Where in the literal the second character of the sought pair stands; 0 when any character may stand before. */
  readonly offset: number;
  readonly ignoreCase: boolean;
  readonly detector: AnchoredDetector;
  /** Place of the detector in the scanner. */
  readonly row: number;
}

export interface Plan {
  /** By `previous << 7 | current`: one of the calls above. */
  readonly table: Uint8Array;
  readonly lists: readonly (readonly Anchor[])[];
  /** By `call << 7 | next`: 0 where the character behind the pair rules out what the pair calls for. */
  readonly follows: Uint8Array;
  readonly numbers: readonly NumberDetector[];
  readonly fewest: number;
  /** Bits of the group sizes each number detector starts with. */
  readonly leads: Int32Array;
  readonly lettered: readonly (readonly LetteredDetector[])[];
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

/** What may stand behind a pair: the next character of one of its anchors, or anything. */
function followsOf(lists: readonly (readonly Anchor[])[]): Uint8Array {
  const follows = new Uint8Array((FIRST_LIST + lists.length) << 7).fill(1);
  for (const [number, list] of lists.entries()) {
    const row = follows.subarray((FIRST_LIST + number) << 7, (FIRST_LIST + number + 1) << 7);
    const next = list.map(({ literal, offset }) => literal.charCodeAt(offset + 1));
    // Beyond ASCII nothing is told apart, and behind its last character an anchor says nothing.
    if (!next.every((code) => code < 128)) continue;
    row.fill(0);
    for (const { literal, offset, ignoreCase } of list)
      for (const code of casesOf(literal.charCodeAt(offset + 1), ignoreCase)) row[code] = 1;
  }
  return follows;
}

export function planFor(detectors: readonly Detector[]): Plan {
  const table = new Uint8Array(PAIRS);
  const numbers = detectors.filter((row): row is NumberDetector => row.kind === 'number');
  const lettered = detectors.filter((row): row is LetteredDetector => row.kind === 'lettered');
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const before = pair >> 7;
    if (isDigit(pair & 127) && !isDigit(before)) table[pair] = isLetter(before) ? LETTERED : NUMBER;
  }
  const lists = listsInto(table, anchorsByPair(detectors));
  return {
    lists,
    follows: followsOf(lists),
    table,
    numbers,
    leads: Int32Array.from(numbers, (row) => row.leads.reduce((bits, size) => bits | (1 << size), 0)),
    fewest: Math.min(Number.POSITIVE_INFINITY, ...numbers.map((row) => row.fewest)),
    lettered: Array.from({ length: 7 }, (_, n) => lettered.filter((row) => row.letters.some((l) => l === n))),
  };
}
