// The list of requests: one or two rows each. Pure.
import { formatSpan } from '../../lib/when.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { actorOf, approvalsOf, leftOf, STATES, titleOf } from './facts.ts';
import { cell, column, filled, type Line, piece, type Tone } from './lines.ts';

interface QueueView {
  readonly rows: readonly ApprovalRow[];
  readonly chosen: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly now: number;
}

function mark(row: ApprovalRow, chosen: string | undefined): string {
  return row.id === chosen ? '▶' : row.genuine ? ' ' : '!';
}

/** How long it can still be answered, or what became of it. */
function endOf(row: ApprovalRow, now: number): string {
  return row.state === 'pending' ? formatSpan(leftOf(row, now)) : STATES[row.state];
}

function toneOf(row: ApprovalRow, chosen: string | undefined): Tone {
  if (row.id === chosen) return 'chosen';
  if (!row.genuine) return 'bad';
  return row.state === 'pending' && !row.own ? 'plain' : 'dim';
}

const whoseOf = (row: ApprovalRow) => (row.own ? 'you' : actorOf(row));
const votes = (row: ApprovalRow) => `${approvalsOf(row)}/${row.what.quorum}`;

/** The first row shown, so that the chosen one is among `count`. */
function firstOf({ rows, chosen }: QueueView, count: number): number {
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === chosen),
  );
  return Math.max(0, Math.min(at - Math.floor(count / 2), rows.length - count));
}

function part(view: QueueView, count: number): { rows: readonly ApprovalRow[]; rest: number } {
  const first = firstOf(view, count);
  const rows = view.rows.slice(first, first + count);
  return { rows, rest: view.rows.length - rows.length };
}

const ID = 10;
/** The start of an id that tells when it was made, which is enough to name it. */
const shortId = ({ id }: ApprovalRow) => id.slice(0, ID);
const VOTES = 5;
const LEFT = 9;

/** One row each, under headings. */
export function wideQueue(view: QueueView): readonly Line[] {
  const { width, height, chosen, now } = view;
  const room = width - 2 - ID - VOTES - LEFT - 5;
  const who = Math.min(24, Math.floor(room * 0.3));
  const where = Math.max(10, Math.min(16, Math.floor(room * 0.2)));
  const widths = [ID, who, where, room - who - where, VOTES, LEFT];
  const line = (cells: readonly string[]) =>
    cells.map((text, index) => column(text, widths[index] ?? 0, index < 4 ? 'left' : 'right')).join(' ');
  const { rows, rest } = part(view, height - 1);
  const head = ['REQUEST', 'WHO', 'CONNECTION', rest > 0 ? `WHAT (${rest} more)` : 'WHAT', 'YES', 'LEFT'];
  return [
    [piece(`  ${line(head)}`, 'strong')],
    ...rows.map((row): Line => {
      const cells = [
        shortId(row),
        whoseOf(row),
        row.what.connection,
        titleOf(row),
        votes(row),
        endOf(row, now),
      ];
      return [piece(`${mark(row, chosen)} ${line(cells)}`, toneOf(row, chosen))];
    }),
  ];
}

/** Two rows each, for a column beside the details. */
export function tallQueue(view: QueueView): readonly Line[] {
  const { width, height, chosen, now } = view;
  const { rows, rest } = part(view, Math.floor((height - 1) / 2));
  const who = width - 2 - ID - VOTES - LEFT - 3;
  return [
    [piece(column(rest > 0 ? `  REQUESTS (${rest} more)` : '  REQUESTS', width), 'strong')],
    ...rows.flatMap((row): Line[] => {
      const cells = [
        column(shortId(row), ID),
        column(whoseOf(row), who),
        column(votes(row), VOTES, 'right'),
        column(endOf(row, now), LEFT, 'right'),
      ];
      const tone = toneOf(row, chosen);
      const below = `  ${cell(`${row.what.connection}: ${titleOf(row)}`, width - 2)}`;
      return [
        [piece(`${mark(row, chosen)} ${cells.join(' ')}`, tone)],
        filled([piece(below, tone === 'chosen' ? 'plain' : tone)], width),
      ];
    }),
  ];
}
