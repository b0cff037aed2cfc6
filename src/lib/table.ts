// Rows of untrusted text as a table for a terminal or a pipe. Must never let a cell break its line or its column.
import { visible } from './visible.ts';

export interface TableOptions {
  /** Columns of the terminal; unlimited when absent, as for a pipe. */
  readonly width?: number;
  /** Bold headings. */
  readonly fancy?: boolean;
  /** Indexes of columns of numbers, set to the right. */
  readonly right?: readonly number[];
}

const GAP = 2;
const LEAST = 8;

let segmenter: Intl.Segmenter | undefined;

/** Graphemes; making a segmenter takes longer than using it. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Columns a character takes: two for wide East Asian ones and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let count = 0;
  for (const { segment } of graphemes(text)) count += WIDE.test(segment) ? 2 : 1;
  return count;
}

const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u;

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes(text)) {
    const next = displayWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept}…`;
}

/** Takes from the widest column until the table fits; no column gets narrower than its heading or eight. */
function squeeze(widths: number[], headings: readonly string[], limit: number): number[] {
  const least = headings.map((heading) => Math.max(displayWidth(heading), LEAST));
  const total = () => widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1));
  for (let excess = total() - limit; excess > 0; excess = total() - limit) {
    const shrinkable = widths.map((width, index) => (width > (least[index] ?? LEAST) ? width : 0));
    const widest = shrinkable.indexOf(Math.max(...shrinkable));
    if ((shrinkable[widest] ?? 0) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Headings and rows, each line ending in a line feed, without trailing blanks. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const cells = rows.map((row) => row.map((cell) => visible(cell)));
  const natural = headings.map((heading, index) =>
    cells.reduce((most, row) => Math.max(most, displayWidth(row[index] ?? '')), displayWidth(heading)),
  );
  const widths = squeeze(natural, headings, options.width ?? Number.POSITIVE_INFINITY);
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        const shown = cut(cell, width);
        const blank = ' '.repeat(Math.max(0, width - displayWidth(shown)));
        return options.right?.includes(index) ? blank + shown : shown + blank;
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  const head = line(headings);
  return `${options.fancy ? `\u001b[1m${head}\u001b[22m` : head}\n${cells.map((row) => `${line(row)}\n`).join('')}`;
}
