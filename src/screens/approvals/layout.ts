// The whole board as rows for a screen of any size. Pure: state, size and time in, rows out.
import { exact, exactWords } from '../../lib/exact.ts';
import { formatSpan } from '../../lib/when.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { actorOf, approvalsOf, scopeOf, shortPerson, titleOf } from './facts.ts';
import { cell, filled, type Line, piece, rule, widthOf } from './lines.ts';
import { type Pane, splitPane, wholePane } from './pane.ts';
import { tallQueue, wideQueue } from './queue.ts';
import { similarTo } from './similar.ts';
import { type BoardState, chosenOf, type Mode, queueOf } from './state.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Who looks, when it is known. */
  readonly person?: string;
}

export interface Board {
  readonly lines: readonly Line[];
  /** The request of which part is shown, and that part. */
  readonly pane?: Pane & { readonly digest: string };
}

const UNREAD = { rows: [], lines: 0, parameters: 0, length: 0, codes: '' };

const SMALLEST = { columns: 60, rows: 16 };
/** From here on the queue stands beside the details. */
const WIDE = 140;

const KEYS: Readonly<Record<Mode['kind'], string>> = {
  browse: '↑↓ choose  PgUp PgDn read  enter more  a approve  d deny  r revoke  q quit',
  details: '↑↓ PgUp PgDn read  esc back  a approve  d deny  r revoke  q quit',
  confirm: 'y yes, sign in and approve   n no   ↑↓ PgUp PgDn read',
  reason: 'enter sends it   esc gives up',
  answering: 'esc gives up',
};

function header(state: BoardState, screen: Screen): Line {
  const queue = queueOf(state);
  const waiting = queue.filter((row) => row.state === 'pending').length;
  const count = state.listed ? `${waiting} waiting` : 'looking';
  const who = screen.person === undefined ? '' : `you are ${screen.person}`;
  const left = ` APPROVALS  ${count}`;
  const right = cell(who, Math.max(0, screen.columns - left.length - 3));
  const gap = Math.max(1, screen.columns - 1 - left.length - widthOf([piece(right)]));
  return [piece(left, 'strong'), piece(' '.repeat(gap)), piece(right, 'dim')];
}

function footer(state: BoardState, width: number): readonly Line[] {
  const { message, trouble, mode } = state;
  const said = message ?? (trouble === undefined ? undefined : { text: trouble, tone: 'bad' as const });
  return [
    said ? [piece(` ${cell(said.text, width - 2)}`, said.tone)] : [],
    [piece(` ${cell(KEYS[mode.kind], width - 2)}`, 'dim')],
  ];
}

const VERBS = { approve: 'Approve', deny: 'Deny', revoke: 'Revoke' } as const;

function wrapped(text: string, width: number, tone: 'strong' | 'plain' | 'warn' | 'dim' = 'plain'): Line[] {
  return exactWords(text, width).map((row) => [piece(row, tone)]);
}

/** What happens when the person says yes. */
function effectOf(row: ApprovalRow): string {
  const { what } = row;
  const still = what.quorum - approvalsOf(row) - 1;
  const when =
    still > 0 ? `once ${still} more ${still === 1 ? 'person approves' : 'people approve'}` : 'at once';
  if (what.purpose === 'window') return `${actorOf(row)} may open ${scopeOf(row)}, ${when}.`;
  return `It runs on ${what.connection} for ${actorOf(row)} ${when}. It applies to ${scopeOf(row)}.`;
}

function question(row: ApprovalRow, answer: 'approve' | 'deny' | 'revoke', width: number): Line[] {
  const effect = {
    approve: effectOf(row),
    deny: `${shortPerson(row.requester)} is told the reason, and nothing runs.`,
    revoke: 'What it allowed ends now; live sessions that stand on it are closed.',
  }[answer];
  return [
    ...wrapped(
      `${VERBS[answer]} request ${row.id} of ${shortPerson(row.requester)}: ${cell(titleOf(row), width)}?`,
      width,
      'strong',
    ),
    ...wrapped(effect, width),
    [],
  ];
}

function field(label: string, text: string, width: number): Line[] {
  // What is typed is shown from its end: that is where one types.
  const room = width - label.length - 1;
  const shown = exact(text, Math.max(12, room)).rows.at(-1)?.text ?? '';
  return [[piece(label, 'strong'), piece(shown), piece('█', 'dim')]];
}

function signIn(mode: Extract<Mode, { kind: 'answering' }>, width: number, now: number): Line[] {
  const { prompt } = mode;
  if (prompt === undefined) return wrapped('The agent is at work.', width, 'dim');
  if (prompt.kind === 'device')
    return [
      ...wrapped(`Open ${prompt.url} on any device and enter the code`, width),
      ...wrapped(prompt.code, width, 'strong'),
      ...wrapped(`It is good for ${formatSpan(prompt.expires - now)}.`, width, 'dim'),
    ];
  if (prompt.kind === 'browser' && prompt.opened)
    return wrapped('Sign in again in the browser window that has opened.', width);
  const address = [
    ...wrapped('Sign in again: open this address in a browser.', width),
    [],
    ...wrapped(prompt.url, width),
    [],
  ];
  if (prompt.kind !== 'paste') return address;
  return [
    ...address,
    ...wrapped('If the browser cannot come back here, paste the address it ends on, then enter:', width),
    ...field('> ', mode.text, width),
  ];
}

/** The rows above the statement while something is asked of the person. */
function asking(row: ApprovalRow | undefined, mode: Mode, width: number, now: number): Line[] {
  if (row && mode.kind === 'confirm') return question(row, mode.answer, width);
  if (row && mode.kind === 'reason')
    return [...question(row, mode.answer, width), ...field('Reason: ', mode.text, width), []];
  if (mode.kind === 'answering')
    return [[piece(`${VERBS[mode.answer]} request ${mode.id}`, 'strong')], ...signIn(mode, width, now), []];
  return [];
}

function paneOf(state: BoardState, screen: Screen, width: number, height: number): Pane | undefined {
  const { mode } = state;
  const id = 'id' in mode ? mode.id : state.chosen;
  const row = id === undefined ? undefined : state.rows.get(id);
  if (row === undefined) {
    const lines = asking(row, mode, width, screen.now);
    return lines.length === 0 ? undefined : { lines, shown: [], reading: UNREAD, page: 1, last: 0, top: 0 };
  }
  const similar = similarTo(state.rows.values(), row, screen.now);
  const seen = state.seen.get(row.digest) ?? 0;
  const more = similar ? { similar } : {};
  const view = { row, width, height, top: state.top, seen, now: screen.now, ...more };
  if (mode.kind === 'details') return wholePane(view);
  return splitPane(view, asking(row, mode, width, screen.now));
}

function nothing(state: BoardState): Line[] {
  return [[piece(state.listed ? ' Nothing waits for an answer. New requests appear here.' : '', 'dim')]];
}

const indented = (lines: readonly Line[]): Line[] => lines.map((line) => [piece(' '), ...line]);

/** Queue above, details below; or the details alone. */
function stacked(state: BoardState, screen: Screen, height: number): { lines: Line[]; pane?: Pane } {
  const { columns, now } = screen;
  const alone = state.mode.kind !== 'browse';
  const rows = queueOf(state);
  const most = Math.max(3, Math.floor(height / 5));
  const view = { rows, chosen: state.chosen, width: columns - 1, now };
  const queue = alone ? [] : wideQueue({ ...view, height: 1 + Math.min(rows.length, most) });
  const pane = paneOf(state, screen, columns - 2, height - queue.length - 1);
  const body = pane ? indented(pane.lines) : nothing(state);
  return { lines: [...queue, rule(columns), ...body], ...(pane ? { pane } : {}) };
}

/** Queue on the left, details on the right. */
function besides(state: BoardState, screen: Screen, height: number): { lines: Line[]; pane?: Pane } {
  const { columns, now } = screen;
  const left = Math.min(72, Math.floor(columns * 0.36));
  const right = columns - left - 4;
  const queue = tallQueue({
    rows: queueOf(state),
    chosen: state.chosen,
    width: left,
    height: height - 1,
    now,
  });
  const pane = paneOf(state, screen, right, height - 1);
  const body = pane ? pane.lines : nothing(state);
  const lines = Array.from({ length: height - 1 }, (_, index): Line => {
    const bar = piece(' │ ', 'dim');
    return [...filled(queue[index] ?? [], left), bar, ...(body[index] ?? [])];
  });
  return { lines: [rule(columns), ...lines], ...(pane ? { pane } : {}) };
}

function tooSmall({ columns, rows }: Screen): Board {
  const text = `This needs ${SMALLEST.columns} × ${SMALLEST.rows} characters; here are ${columns} × ${rows}.`;
  return {
    lines: exact(text, columns)
      .rows.slice(0, rows)
      .map((row) => [piece(row.text, 'warn')]),
  };
}

/** Exactly `rows - 1` rows: the last one stays free, so that no terminal scrolls. */
export function layBoard(state: BoardState, screen: Screen): Board {
  const { columns } = screen;
  const height = screen.rows - 1;
  if (columns < SMALLEST.columns || screen.rows < SMALLEST.rows) return tooSmall(screen);
  const below = footer(state, columns);
  const room = height - 1 - below.length;
  const wide = columns >= WIDE && state.mode.kind === 'browse';
  const { lines, pane } = wide ? besides(state, screen, room) : stacked(state, screen, room);
  const blank = Array.from({ length: Math.max(0, room - lines.length) }, (): Line => []);
  const all = [header(state, screen), ...lines.slice(0, room), ...blank, ...below];
  const row = chosenOf(state);
  const id = 'id' in state.mode ? state.mode.id : row?.id;
  const digest = id === undefined ? undefined : state.rows.get(id)?.digest;
  return { lines: all, ...(pane && digest !== undefined ? { pane: { ...pane, digest } } : {}) };
}
