// A request's statement and parameters as rows to be read through. Must never cut anything, nor show a row that text could imitate.
import { codesOf, type Exact, exact } from '../../lib/exact.ts';
import type { Asked } from '../../model/approval.ts';

export interface ReadingRow {
  /** Left of every row, in columns that text never reaches: a line number, a parameter, or the sign that a line goes on. */
  readonly gutter: string;
  readonly text: string;
  /** Characters read once everything before this row was, and once this row was. */
  readonly from: number;
  readonly to: number;
  /** The statement's line, from 1; 0 for a parameter. */
  readonly line: number;
}

export interface Reading {
  readonly rows: readonly ReadingRow[];
  /** Lines of the statement. */
  readonly lines: number;
  readonly parameters: number;
  /** What `to` of the last row is. */
  readonly length: number;
  /** Which characters are written as codes, and how often. Empty when none is. */
  readonly codes: string;
}

const NONE: ReadonlySet<number> = new Set();
const BAR = ' │ ';
/** A line that an earlier statement of the same shape did not have. */
const NEW = '+│ ';
/** A line that goes on in the next row. */
const GOES_ON = ' ┊ ';

interface Block {
  readonly found: Exact;
  readonly gutter: (row: Exact['rows'][number]) => string;
  readonly statement: boolean;
}

function lay(blocks: readonly Block[]): { rows: ReadingRow[]; length: number } {
  const rows: ReadingRow[] = [];
  let offset = 0;
  for (const { found, gutter, statement } of blocks) {
    for (const row of found.rows) {
      const from = rows.at(-1)?.to ?? 0;
      const to = offset + row.end;
      rows.push({ gutter: gutter(row), text: row.text, from, to, line: statement ? row.line : 0 });
    }
    // A block without a character has to be read as well.
    offset += found.length + 1;
    const last = rows.pop();
    if (last) rows.push({ ...last, to: offset });
  }
  return { rows, length: offset };
}

type Wording = Pick<Asked, 'text' | 'parameters' | 'purpose' | 'reason'>;

/** `width` is that of the whole row, gutter included. */
export function readingOf(what: Wording, width: number, changed: ReadonlySet<number> = NONE): Reading {
  const parameters = what.parameters ?? [];
  // A window has no statement: its reason is what a person agrees to.
  const text = what.purpose === 'window' ? what.reason : what.text;
  const count = text.split('\n').length;
  const digits = Math.max(3, String(count).length, String(parameters.length).length + 1);
  const room = width - digits - BAR.length;
  const numbered = (label: string, first: boolean) =>
    (first ? label : '').padStart(digits) + (first ? BAR : GOES_ON);
  const statement: Block = {
    found: exact(text, room),
    gutter: ({ line, first }) =>
      first && changed.has(line) ? String(line).padStart(digits) + NEW : numbered(String(line), first),
    statement: true,
  };
  const values = parameters.map((value, index): Block => {
    const label = `$${index + 1}`;
    const gutter: Block['gutter'] = ({ first }) =>
      value === null ? `${label.padStart(digits)} ∅ ` : numbered(label, first);
    return { found: exact(value ?? '', room), gutter, statement: false };
  });
  const blocks = [statement, ...values];
  const { rows, length } = lay(blocks);
  const codes = new Map<string, number>();
  for (const { found } of blocks)
    for (const [code, times] of found.codes) codes.set(code, (codes.get(code) ?? 0) + times);
  return { rows, lines: count, parameters: parameters.length, length, codes: codesOf({ codes }) };
}

/** How far it was read after `rows` were shown to somebody who had read up to `seen`: nothing counts that comes after a gap. */
export function readOn(seen: number, rows: readonly Pick<ReadingRow, 'from' | 'to'>[]): number {
  return rows.reduce((reached, { from, to }) => (from <= reached && to > reached ? to : reached), seen);
}

/** Rows that were not shown yet. */
export function unread({ rows }: Reading, seen: number): number {
  return rows.filter(({ to }) => to > seen).length;
}

/** `lines 1–9 of 300`, and what else there is to say about what is shown. */
export function positionOf(reading: Reading, shown: readonly ReadingRow[]): string {
  const lines = shown.map(({ line }) => line).filter((line) => line > 0);
  const [from, to] = [lines[0], lines.at(-1)];
  if (shown.length === 0) return `${reading.lines} lines`;
  const range = from === undefined ? 'parameters' : from === to ? `line ${from}` : `lines ${from}–${to}`;
  const of = from === undefined ? '' : ` of ${reading.lines}`;
  const values = reading.parameters === 0 ? '' : ` and ${reading.parameters} parameters`;
  return `${range}${of}${from === undefined ? '' : values}`;
}
