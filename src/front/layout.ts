// Rows of a result as they come, in columns laid out by the first of them. Must never pass a control character on.
import { displayWidth } from '../lib/table.ts';
import { visible } from '../lib/visible.ts';

const WIDEST = 80;

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
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
      const longest = Math.max(
        displayWidth(visible(name)),
        ...first.map((row) => displayWidth(visible(row[index] ?? ''))),
      );
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
