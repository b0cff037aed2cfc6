// What the board knows and what it is doing. Pure; must never let an answer go to a request other than the one that was chosen and read.
import type { SignInPrompt } from '../../agent/messages.ts';
import type { ApprovalDecision, ApprovalRow } from '../../model/approval.ts';
import { STATES } from './facts.ts';
import { type ReadingRow, readOn } from './reading.ts';

export type Answer = ApprovalDecision['answer'];

/** The request an answer is for, as it was shown. */
export interface Target {
  readonly answer: Answer;
  readonly id: string;
  readonly digest: string;
}

export type Mode =
  | { readonly kind: 'browse' | 'details' }
  | ({ readonly kind: 'confirm' } & Target)
  /** A reason is being typed. */
  | ({ readonly kind: 'reason'; readonly text: string } & Target)
  /** The answer is on its way; `text` is what was typed or pasted for the sign-in. */
  | ({ readonly kind: 'answering'; readonly text: string; readonly prompt?: SignInPrompt } & Target);

export interface Message {
  readonly text: string;
  readonly tone: 'good' | 'warn' | 'bad';
}

export interface BoardState {
  readonly rows: ReadonlyMap<string, ApprovalRow>;
  /** Told since the stream began: what a new stream does not tell again is gone. */
  readonly told: ReadonlySet<string>;
  readonly listed: boolean;
  /** Why what is shown may be old. */
  readonly trouble?: string;
  readonly chosen?: string;
  /** The person chose it; otherwise what waits longest is chosen for them. */
  readonly picked: boolean;
  /** Another request has just taken the place of the chosen one: a key that was meant for that one must not answer this. */
  readonly offered: boolean;
  readonly mode: Mode;
  /** The first row of the reading that is shown. */
  readonly top: number;
  /** How far each request was read, by digest. */
  readonly seen: ReadonlyMap<string, number>;
  readonly message?: Message;
}

export const EMPTY: BoardState = {
  rows: new Map(),
  told: new Set(),
  listed: false,
  picked: false,
  offered: false,
  mode: { kind: 'browse' },
  top: 0,
  seen: new Map(),
};

export type BoardEvent =
  | { readonly type: 'began' }
  | { readonly type: 'row'; readonly row: ApprovalRow }
  | { readonly type: 'listed' }
  | { readonly type: 'trouble'; readonly reason: string };

export type BoardAction =
  | BoardEvent
  | { readonly type: 'told'; readonly events: readonly BoardEvent[] }
  | { readonly type: 'choose'; readonly by: number }
  | { readonly type: 'settle' }
  | { readonly type: 'scroll'; readonly to: number }
  | { readonly type: 'shown'; readonly digest: string; readonly rows: readonly ReadingRow[] }
  | { readonly type: 'mode'; readonly mode: Mode }
  | { readonly type: 'prompt'; readonly prompt: SignInPrompt }
  | { readonly type: 'say' | 'answered'; readonly message: Message };

/** Waiting ones first, the oldest at the top; then what is over, the newest at the top. */
export function queueOf({ rows }: Pick<BoardState, 'rows'>): readonly ApprovalRow[] {
  const all = [...rows.values()];
  const early = (a: ApprovalRow, b: ApprovalRow) => (a.asked < b.asked ? -1 : a.asked > b.asked ? 1 : 0);
  const waiting = all.filter(({ state }) => state === 'pending').sort(early);
  const over = all.filter(({ state }) => state !== 'pending').sort((a, b) => early(b, a));
  return [...waiting, ...over];
}

export function chosenOf(state: BoardState): ApprovalRow | undefined {
  return state.chosen === undefined ? undefined : state.rows.get(state.chosen);
}

/** Why this answer cannot be given to this request; undefined when it can. */
export function unanswerable(row: ApprovalRow, answer: Answer): string | undefined {
  if (!row.genuine) return `it is not genuine: ${row.problem ?? 'its signature does not hold'}`;
  if (row.own) return 'you asked for it, so somebody else answers';
  if (answer === 'revoke') {
    if (row.state === 'approved') return undefined;
    return row.state === 'pending' ? 'nobody has approved it yet' : `it is ${STATES[row.state]} already`;
  }
  return row.state === 'pending' ? undefined : `it is ${STATES[row.state]} already`;
}

/** An answer is for what was shown: when that changes under it, it is given up. */
function settled(state: BoardState): BoardState {
  const { mode } = state;
  if (mode.kind !== 'confirm' && mode.kind !== 'reason') return state;
  const row = state.rows.get(mode.id);
  const changed = row === undefined || row.digest !== mode.digest;
  const problem = changed ? 'it is not what was shown any more' : unanswerable(row, mode.answer);
  if (problem === undefined) return state;
  return {
    ...state,
    mode: { kind: 'browse' },
    message: { text: `request ${mode.id}: ${problem}`, tone: 'warn' },
  };
}

function withRows(state: BoardState, found: readonly ApprovalRow[]): BoardState {
  const [first] = found;
  if (first === undefined) return state;
  const rows = new Map(state.rows);
  const told = new Set(state.told);
  for (const row of found) {
    rows.set(row.id, row);
    told.add(row.id);
  }
  const chosen = state.chosen ?? first.id;
  const { trouble: _, ...rest } = state;
  return settled(offered({ ...rest, rows, told, chosen }, state));
}

/** What the board says when it has chosen another request by itself. */
export const OFFERED = 'what was chosen is over; this is the next one';

/** The person has had time to see which request is chosen now. */
function rested(state: BoardState): BoardState {
  const { message, ...rest } = state;
  const kept = message && !message.text.startsWith(OFFERED) ? { message } : {};
  return { ...rest, ...kept, offered: false };
}

/** What is over gives its place to what waits, unless the person went to look at it. */
function offered(state: BoardState, before: BoardState): BoardState {
  const row = chosenOf(state);
  if (state.mode.kind !== 'browse' || row?.state === 'pending') return state;
  const ended = chosenOf(before)?.state === 'pending';
  if (state.picked && !ended) return state;
  const [next] = queueOf(state);
  if (next?.state !== 'pending') return { ...state, picked: false };
  const message = { text: `${OFFERED}: ${next.id}`, tone: 'warn' } as const;
  return { ...state, picked: false, offered: true, message, chosen: next.id, top: 0 };
}

/** Many at once cost little more than one: a flood of requests must not keep the board from its keys. */
function withEvents(state: BoardState, events: readonly BoardEvent[]): BoardState {
  let after = state;
  let rows: ApprovalRow[] = [];
  for (const event of events) {
    if (event.type === 'row') {
      rows.push(event.row);
      continue;
    }
    after = boardReducer(withRows(after, rows), event);
    rows = [];
  }
  return withRows(after, rows);
}

function withoutOld(state: BoardState): BoardState {
  const rows = new Map([...state.rows].filter(([id]) => state.told.has(id)));
  const { chosen: before, trouble: _, ...rest } = state;
  const chosen = before !== undefined && rows.has(before) ? before : queueOf({ rows })[0]?.id;
  const moved = chosen !== before ? { top: 0, picked: false, offered: before !== undefined } : {};
  return settled({
    ...rest,
    ...moved,
    rows,
    listed: true,
    ...(chosen === undefined ? {} : { chosen }),
  });
}

function choose(state: BoardState, by: number): BoardState {
  const queue = queueOf(state);
  const at = queue.findIndex(({ id }) => id === state.chosen);
  const next = queue[Math.max(0, Math.min(queue.length - 1, at + by))];
  if (next === undefined || next.id === state.chosen) return state;
  const { message: _, ...rest } = state;
  return { ...rest, chosen: next.id, picked: true, offered: false, top: 0 };
}

function shown(state: BoardState, digest: string, rows: readonly ReadingRow[]): BoardState {
  const before = state.seen.get(digest) ?? 0;
  const after = readOn(before, rows);
  return after === before ? state : { ...state, seen: new Map(state.seen).set(digest, after) };
}

/** A change of mode begins at the top and takes the last message away. */
function enter(state: BoardState, mode: Mode): BoardState {
  const { message: _, ...rest } = state;
  const typing = mode.kind === state.mode.kind;
  return { ...rest, mode, top: typing ? state.top : 0 };
}

export function boardReducer(state: BoardState, action: BoardAction): BoardState {
  switch (action.type) {
    case 'began':
      return { ...state, told: new Set() };
    case 'row':
      return withRows(state, [action.row]);
    case 'told':
      return withEvents(state, action.events);
    case 'listed':
      return withoutOld(state);
    case 'trouble':
      return { ...state, trouble: action.reason };
    case 'choose':
      return choose(state, action.by);
    case 'settle':
      return rested(state);
    case 'scroll':
      return { ...state, top: Math.max(0, action.to) };
    case 'shown':
      return shown(state, action.digest, action.rows);
    case 'mode':
      return enter(state, action.mode);
    case 'prompt':
      return state.mode.kind === 'answering'
        ? { ...state, mode: { ...state.mode, prompt: action.prompt } }
        : state;
    case 'say':
      return { ...state, message: action.message };
    case 'answered':
      return { ...state, mode: { kind: 'browse' }, top: 0, message: action.message };
  }
}
