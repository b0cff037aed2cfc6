// One request: its facts, and the part of its statement that is shown. Pure; nothing of the statement is ever cut.
import { exactWords } from '../../lib/exact.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { allFacts, type Fact, shortFacts } from './facts.ts';
import { cell, type Line, piece } from './lines.ts';
import { positionOf, type Reading, type ReadingRow, readingOf, readOn, unread } from './reading.ts';
import type { Similar } from './similar.ts';

const NAME = 13;

/** A fact in one row; `…` says that it goes on. */
function shortFact({ name, value, alarm }: Fact, width: number): Line {
  return [
    piece(name.padEnd(NAME), alarm ? 'bad' : 'dim'),
    piece(cell(value, width - NAME), alarm ? 'bad' : 'plain'),
  ];
}

/** A fact in as many rows as it takes. */
export function wholeFact({ name, value, alarm }: Fact, width: number): readonly Line[] {
  const tone = alarm ? 'bad' : 'plain';
  return exactWords(value, width - NAME).map((text, index) => [
    piece((index === 0 ? name : '').padEnd(NAME), alarm ? 'bad' : 'dim'),
    piece(text, tone),
  ]);
}

const readings = new WeakMap<ApprovalRow['what'], { readonly key: string; readonly reading: Reading }>();

/** The reading at a width, made once: a statement may be long and the screen is drawn every second. */
function readingAt({ row: { what }, width, similar }: PaneView): Reading {
  const changed = similar?.changed;
  const key = `${width} ${changed ? [...changed].join(' ') : ''}`;
  const made = readings.get(what);
  if (made?.key === key) return made.reading;
  const reading = readingOf(what, width, changed);
  readings.set(what, { key, reading });
  return reading;
}

export function readingLine({ gutter, text }: ReadingRow): Line {
  return [piece(gutter, 'dim'), piece(text)];
}

function heading(
  row: ApprovalRow,
  reading: Reading,
  shown: readonly ReadingRow[],
  seen: number,
  width: number,
): readonly Line[] {
  const name = (row.what.purpose === 'window' ? 'REASON' : 'STATEMENT').padEnd(NAME);
  const left = unread(reading, readOn(seen, shown));
  const rest = left > 0 ? `, ${left} row${left === 1 ? '' : 's'} not shown yet` : '';
  const text = cell(`${positionOf(reading, shown)}${rest}`, width - NAME);
  const position = [piece(name, 'strong'), piece(text, left > 0 ? 'warn' : 'dim')];
  if (reading.codes === '') return [position];
  const codes = cell(`characters that do not show, as codes: ${reading.codes}`, width - NAME);
  return [position, [piece(' '.repeat(NAME)), piece(codes, 'warn')]];
}

export interface Pane {
  readonly lines: readonly Line[];
  /** What of the reading is on the screen. */
  readonly shown: readonly ReadingRow[];
  readonly reading: Reading;
  /** Rows a page turns. */
  readonly page: number;
  /** The furthest the top may go. */
  readonly last: number;
  readonly top: number;
}

export interface PaneView {
  readonly row: ApprovalRow;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly seen: number;
  readonly now: number;
  readonly similar?: Similar;
}

/** The least rows of the statement that are shown, whatever else wants room. */
const LEAST = 4;

/** Facts in short above, or what is asked of the person, whole; the statement below. */
export function splitPane(view: PaneView, above: readonly Line[] = []): Pane {
  const { row, width, height, seen } = view;
  const facts = shortFacts(row, view.similar?.words).map((fact) => shortFact(fact, width));
  const head = above.length > 0 ? above : facts.slice(0, Math.max(0, height - 2 - LEAST));
  const reading = readingAt(view);
  const headings = reading.codes === '' ? 1 : 2;
  const rows = Math.max(0, height - head.length - headings);
  if (rows === 0) return { lines: head.slice(0, height), shown: [], reading, page: 1, last: 0, top: 0 };
  const last = Math.max(0, reading.rows.length - rows);
  const top = Math.min(view.top, last);
  const shown = reading.rows.slice(top, top + rows);
  const lines = [...head, ...heading(row, reading, shown, seen, width), ...shown.map(readingLine)];
  return { lines, shown, reading, page: Math.max(1, rows - 1), last, top };
}

/** Everything, one long page: all facts in full, then the statement. */
export function wholePane(view: PaneView): Pane {
  const { row, width, height, now, seen } = view;
  const reading = readingAt(view);
  const facts = allFacts(row, now, view.similar?.words).flatMap((fact) => wholeFact(fact, width));
  const before = facts.length + (reading.codes === '' ? 1 : 2);
  const length = before + reading.rows.length;
  const last = Math.max(0, length - height);
  const top = Math.min(view.top, last);
  const shown = reading.rows.slice(Math.max(0, top - before), Math.max(0, top + height - before));
  const head = [...facts, ...heading(row, reading, shown, seen, width)];
  const lines = [...head.slice(top, top + height), ...shown.map(readingLine)];
  return { lines, shown, reading, page: Math.max(1, height - 1), last, top };
}
