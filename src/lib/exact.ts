// Untrusted text as rows of a known width, for whoever answers for what it does: nothing in it is hidden, reordered, dropped or cut.
import { visible } from './visible.ts';

export interface ExactRow {
  /** Safe to print; takes at most the width asked for. */
  readonly text: string;
  /** Which line of the text it belongs to, from 1. */
  readonly line: number;
  /** False for the rest of a line that did not fit. */
  readonly first: boolean;
  /** How many code points of the text have been shown once this row has been. */
  readonly end: number;
}

export interface Exact {
  readonly rows: readonly ExactRow[];
  readonly lines: number;
  /** Code points of the whole text. */
  readonly length: number;
  /** Characters that are written as a code, and how often. Tabs and line feeds are not among them. */
  readonly codes: ReadonlyMap<string, number>;
}

const TAB_STOP = 4;
/** Columns no text is expected to have. */
const UNBROKEN = Number.MAX_SAFE_INTEGER;

/**
 * Beyond what `visible` shows by code: marks, that join or stack on their neighbours; letters written from right to left, which
 * terminals reorder together with the digits beside them; what has no width or one that terminals disagree on (conjoining
 * jamo, regional indicators, skin tones); blanks that are not the plain space; the arrow that stands for a tab.
 */
const BY_CODE =
  /[\p{M}\p{Cf}\p{Cn}\p{Emoji_Modifier}\p{Regional_Indicator}\u00a0\u3000\u2192\u2800]|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]|[\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** Narrow on every terminal; what is beyond them is taken to be wide, so that a row is rather too short than too long. */
const NARROW = /[\u0000-\u10ff\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2500-\u257f]/u;

const PRINTABLE = /[\x20-\x7e]/;

interface Glyph {
  readonly text: string;
  readonly width: number;
  readonly code: boolean;
}

function glyph(character: string): Glyph {
  if (PRINTABLE.test(character)) return { text: character, width: 1, code: false };
  const shown = visible(character);
  if (shown !== character && shown !== ' ') return { text: shown, width: shown.length, code: true };
  if (!BY_CODE.test(character))
    return { text: character, width: NARROW.test(character) ? 1 : 2, code: false };
  const text = `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  return { text, width: text.length, code: true };
}

function tab(column: number): Glyph {
  const width = TAB_STOP - (column % TAB_STOP);
  return { text: '→'.padEnd(width), width, code: false };
}

/** Cuts nothing and adds nothing: every code point of `text` is in exactly one row. `width` is at least 12, the longest code. */
export function exact(text: string, width: number): Exact {
  const most = Math.max(12, width);
  const rows: ExactRow[] = [];
  const codes = new Map<string, number>();
  let [row, used, line, first, end] = ['', 0, 1, true, 0];
  const push = () => {
    rows.push({ text: row, line, first, end });
    [row, used, first] = ['', 0, false];
  };
  for (const character of text) {
    if (character === '\n') {
      end += 1;
      push();
      line += 1;
      first = true;
      continue;
    }
    let next = character === '\t' ? tab(used) : glyph(character);
    if (used + next.width > most) {
      push();
      if (character === '\t') next = tab(0);
    }
    if (next.code) codes.set(next.text, (codes.get(next.text) ?? 0) + 1);
    end += 1;
    row += next.text;
    used += next.width;
  }
  push();
  return { rows, lines: line, length: end, codes };
}

/** Columns of text that `exact` gave, counted as carefully as it counts. */
export function exactWidth(safe: string): number {
  let width = 0;
  for (const character of safe) width += NARROW.test(character) ? 1 : 2;
  return width;
}

/** The same for prose: rows break at blanks where there are any, and the blank is left out. */
export function exactWords(text: string, width: number): readonly string[] {
  const found: string[] = [];
  for (const { text: line } of exact(text, UNBROKEN).rows) {
    let row: string | undefined;
    for (const word of line.split(' ').flatMap((each) => exact(each, width).rows.map((part) => part.text))) {
      const longer: string = row === undefined ? word : `${row} ${word}`;
      if (row !== undefined && exactWidth(longer) > width) found.push(row);
      row = row !== undefined && exactWidth(longer) > width ? word : longer;
    }
    found.push(row ?? '');
  }
  return found;
}

/** `2 × \e, 1 × \u{202e}`; at most `most` kinds, then how many more. Empty when nothing had to be written as a code. */
export function codesOf({ codes }: Pick<Exact, 'codes'>, most = 4): string {
  const kinds = [...codes].sort(([, a], [, b]) => b - a);
  const named = kinds.slice(0, most).map(([code, count]) => `${count} × ${code}`);
  const rest = kinds.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more kinds`] : [])].join(', ');
}
