// One pass over a text for all detectors: a table says at which characters to look closer. It must stay linear in the text.
import type { Scanner, Span } from '../model/masking.ts';
import { isEscapeLetter, isLetter, isWord } from './characters.ts';
import type { Detector } from './detector.ts';
import { emptyRun, readRun } from './numbers.ts';
import { type Anchor, FIRST_LIST, LETTERED, NOTHING, NUMBER, type Plan, planFor } from './plan.ts';

interface Found extends Span {
  readonly rank: number;
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

/** How many letters stand alone before `at`, at most six; 0 when more do. */
function lettersBefore(text: string, at: number): number {
  let letters = 1;
  while (letters < 7 && isLetter(text.charCodeAt(at - letters - 1))) letters += 1;
  return letters === 7 || isWord(text.charCodeAt(at - letters - 1)) ? 0 : letters;
}

/** Characters of a text that is looked at in blocks, and of a block. */
const LONG = 4_096;
const BLOCK = 32_768;
const block = Buffer.alloc(BLOCK);

const WORD = /^[a-z]{3}/;
const MOST_NAMES = 4096;

function hasAnchor(row: Detector, name: string): boolean {
  if (row.kind !== 'anchored') return false;
  if (row.ignoreCase !== true)
    return row.anchors.some(
      (anchor) => anchor.endsWith('=') && name.endsWith(anchor.slice(0, -1).toLowerCase()),
    );
  return row.anchors.some((anchor) => WORD.test(anchor) && name.includes(anchor.trimEnd()));
}

class Engine implements Scanner {
  readonly types: readonly string[];
  readonly #plan: Plan;
  readonly #run = emptyRun();
  /** By detector: where its last hit ended. */
  readonly #claimed: Int32Array;
  readonly #detectors: readonly Detector[];
  /** Whether a name announces something: the same columns come again and again. */
  readonly #names = new Map<string, boolean>();
  #found: Found[] = [];

  constructor(detectors: readonly Detector[]) {
    this.#detectors = detectors;
    this.types = [...new Set(detectors.map((row) => row.type))];
    this.#plan = planFor(detectors);
    this.#claimed = new Int32Array(detectors.length);
  }

  announces(name: string): boolean {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const lower = name.toLowerCase();
    const telling = this.#detectors.some((row) => row.spoken?.test(name) || hasAnchor(row, lower));
    if (this.#names.size >= MOST_NAMES) this.#names.clear();
    this.#names.set(name, telling);
    return telling;
  }

  scan(text: string): readonly Span[] {
    this.#found = [];
    this.#run.next = 0;
    this.#claimed.fill(0);
    if (text.length < LONG) this.#stretch(text, 0, text.length, 0);
    else this.#long(text);
    // Nothing of the text outlives the call.
    this.#run.text = '';
    return this.#found.length === 0 ? this.#found : settle(this.#found);
  }

  /** `pair`: of the characters before `start`. Returns that of the last ones. */
  #stretch(text: string, start: number, end: number, before: number): number {
    const { table } = this.#plan;
    let pair = before;
    for (let i = start; i < end; i += 1) {
      const code = text.charCodeAt(i);
      pair = ((pair << 7) & 0x3f80) | (code < 128 ? code : 0);
      const call = table[pair];
      if (call !== NOTHING) this.#look(text, i, call as number);
    }
    return pair;
  }

  /** The same of what stands in the block. */
  #block(text: string, start: number, length: number, pair: number): number {
    const { table, follows } = this.#plan;
    let before = pair & 127;
    for (let i = 0; i < length; i += 1) {
      const code = block[i] as number;
      const call = table[(before << 7) | code] as number;
      before = code;
      if (call === NOTHING) continue;
      // What stands behind the block is not known here.
      if (i + 1 < length && follows[(call << 7) | (block[i + 1] as number)] === 0) continue;
      this.#look(text, start + i, call);
    }
    return before;
  }

  /** A block at a time: bytes are read several times as fast as characters of a string. */
  #long(text: string): void {
    let pair = 0;
    for (let start = 0; start < text.length; start += BLOCK) {
      const piece = text.slice(start, start + BLOCK);
      if (Buffer.byteLength(piece) !== piece.length) {
        pair = this.#stretch(text, start, start + piece.length, pair);
        continue;
      }
      block.write(piece, 0, 'latin1');
      pair = this.#block(text, start, piece.length, pair);
    }
    block.fill(0);
  }

  #look(text: string, i: number, call: number): void {
    if (call === NUMBER) this.#numbers(text, i);
    else if (call !== LETTERED) this.#anchored(text, i, this.#plan.lists[call - FIRST_LIST] ?? []);
    else if (isEscapeLetter(text, i - 1)) this.#numbers(text, i);
    else this.#lettered(text, i);
  }

  /** Handles the run of digits that starts at `i`. */
  #numbers(text: string, i: number): void {
    const run = this.#run;
    if (i < run.next) return;
    readRun(text, i, run);
    if (run.digits < this.#plan.fewest) return;
    const { numbers, leads } = this.#plan;
    for (let k = 0; k < numbers.length; k += 1) {
      const row = numbers[k];
      if (row === undefined || run.digits < row.fewest || (run.sizes & (leads[k] ?? 0)) === 0) continue;
      row.match(run, (start, end) => this.#push(start, end, row));
    }
  }

  #lettered(text: string, i: number): void {
    const letters = lettersBefore(text, i);
    const rows = this.#plan.lettered[letters] ?? [];
    for (let k = 0; k < rows.length; k += 1) {
      const row = rows[k];
      const hit = row?.match(text, i - letters);
      if (row !== undefined && hit !== undefined) this.#push(hit.start, hit.end, row);
    }
  }

  #anchored(text: string, i: number, list: readonly Anchor[]): void {
    for (let k = 0; k < list.length; k += 1) {
      const anchor = list[k];
      if (anchor === undefined) continue;
      const at = i - anchor.offset;
      // What a detector has claimed it does not look into again: `password=password=…` stays linear.
      if (at < (this.#claimed[anchor.row] ?? 0) || !stands(text, at, anchor)) continue;
      const hit = anchor.detector.match(text, at);
      if (hit === undefined) continue;
      this.#claimed[anchor.row] = hit.end;
      this.#push(hit.start, hit.end, anchor.detector);
    }
  }

  #push(start: number, end: number, row: Detector): void {
    this.#found.push({ start, end, type: row.type, rank: row.rank });
  }
}

/** Builds a scanner over rows of the shelf. Its `scan` allocates only for what it finds. */
export function scannerOver(detectors: readonly Detector[]): Scanner {
  return new Engine(detectors);
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
