// Rows as text for people: aligned columns, untrusted text made visible. Must never pass a control character on.
import { visible } from '../lib/visible.ts';

const WIDEST = 80;

/** East Asian wide and emoji take two cells; combining marks none. Close enough to align by. */
function cells(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - cells(text)));
  return right ? space + text : text + space;
}

export interface Column {
  readonly name: string;
  /** Numbers. */
  readonly right?: boolean;
}

/** Lays out rows whose widths were learnt from the first ones; later wider ones stick out and stay whole. */
export class Layout {
  readonly #columns: readonly Column[];
  readonly #widths: number[];

  constructor(columns: readonly Column[], first: readonly (readonly string[])[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ name }, index) => {
      const longest = Math.max(cells(visible(name)), ...first.map((row) => cells(visible(row[index] ?? ''))));
      return Math.min(longest, WIDEST);
    });
  }

  header(): string {
    const names = this.#columns.map(({ name }) => name);
    const rule = this.#widths.map((width) => '─'.repeat(width)).join('  ');
    return `${this.row(names)}${rule}\n`;
  }

  row(values: readonly string[]): string {
    const shown = this.#columns.map((column, index) =>
      pad(visible(values[index] ?? ''), this.#widths[index] ?? 0, column.right ?? false),
    );
    return `${shown.join('  ').trimEnd()}\n`;
  }
}

export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const layout = new Layout(columns, rows);
  return layout.header() + rows.map((row) => layout.row(row)).join('');
}
