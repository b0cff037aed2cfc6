// What a key means right now. Pure; a key that answers counts only when it is typed alone: pasted text never approves anything.
import type { ApprovalStrength } from '../../model/approval.ts';
import { strengthOf } from './facts.ts';
import type { Board } from './layout.ts';
import { readOn, unread } from './reading.ts';
import {
  type Answer,
  type BoardAction,
  type BoardState,
  chosenOf,
  type Target,
  unanswerable,
} from './state.ts';

export interface KeyPress {
  readonly input: string;
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
}

export type Wish =
  | { readonly kind: 'none' | 'quit' | 'give-up' }
  | { readonly kind: 'act'; readonly action: BoardAction }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'send'; readonly order: Order };

export interface Order extends Target {
  readonly strength: ApprovalStrength;
  readonly reason?: string;
}

const NONE: Wish = { kind: 'none' };
const act = (action: BoardAction): Wish => ({ kind: 'act', action });
const say = (text: string): Wish => act({ type: 'say', message: { text, tone: 'warn' } });

/** Longest reason; what is pasted for a sign-in may be longer. */
const LONGEST_REASON = 500;
const LONGEST_PASTE = 16_384;

function scroll({ pane }: Board, press: KeyPress, lines: boolean): Wish | undefined {
  if (!pane) return undefined;
  const { top, page, last } = pane;
  const to = (row: number) => act({ type: 'scroll', to: Math.max(0, Math.min(last, row)) });
  const repeated = [...press.input].length;
  // Pages are turned one at a time, however fast: what is jumped over was not read.
  if (press.pageDown || /^ +$/.test(press.input)) return to(top + page);
  if (press.pageUp || press.input === 'b') return to(top - page);
  if (press.home || press.input === 'g') return to(0);
  if (press.end || press.input === 'G') return to(last);
  if (/^J+$/.test(press.input)) return to(top + repeated);
  if (/^K+$/.test(press.input)) return to(top - repeated);
  if (lines && (press.downArrow || /^j+$/.test(press.input))) return to(top + Math.max(1, repeated));
  if (lines && (press.upArrow || /^k+$/.test(press.input))) return to(top - Math.max(1, repeated));
  return undefined;
}

function choose(press: KeyPress): Wish | undefined {
  const repeated = Math.max(1, [...press.input].length);
  if (press.downArrow || /^j+$/.test(press.input)) return act({ type: 'choose', by: repeated });
  if (press.upArrow || /^k+$/.test(press.input)) return act({ type: 'choose', by: -repeated });
  return undefined;
}

/** Begins an answer to the chosen request, or says why not. */
function begin(state: BoardState, board: Board, answer: Answer): Wish {
  const row = chosenOf(state);
  if (!row || !board.pane) return NONE;
  const { id, digest } = row;
  const problem = unanswerable(row, answer);
  if (problem !== undefined) return say(`request ${id}: ${problem}`);
  const target: Target = { answer, id, digest };
  if (answer !== 'approve') return act({ type: 'mode', mode: { kind: 'reason', text: '', ...target } });
  const seen = readOn(state.seen.get(digest) ?? 0, board.pane.shown);
  const missing = unread(board.pane.reading, seen);
  if (missing > 0)
    return say(
      `${missing} row${missing === 1 ? ' of it was' : 's of it were'} not shown yet: read on with PgDn, then approve`,
    );
  return act({ type: 'mode', mode: { kind: 'confirm', ...target } });
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  __proto__: null as never,
  a: 'approve',
  d: 'deny',
  r: 'revoke',
};

function looking(state: BoardState, board: Board, press: KeyPress): Wish {
  const details = state.mode.kind === 'details';
  if (press.input === 'q') return { kind: 'quit' };
  if (press.escape) return details ? act({ type: 'mode', mode: { kind: 'browse' } }) : NONE;
  if (press.return) {
    const mode = { kind: details ? 'browse' : 'details' } as const;
    return chosenOf(state) ? act({ type: 'mode', mode }) : NONE;
  }
  const answer = ANSWERS[press.input];
  // A key typed for the request that was here a moment ago does nothing.
  if (answer !== undefined && !press.ctrl) return state.offered ? NONE : begin(state, board, answer);
  return (details ? undefined : choose(press)) ?? scroll(board, press, details) ?? NONE;
}

interface Typed {
  readonly text: string;
  readonly done: boolean;
}

/** Text after a key; what is pasted may end in the line feed that ends it. */
function typed(text: string, press: KeyPress, limit: number): Typed {
  if (press.return) return { text, done: true };
  if (press.backspace || press.delete) return { text: [...text].slice(0, -1).join(''), done: false };
  if (press.ctrl) return { text: press.input === 'u' ? '' : text, done: false };
  const [first = '', ...more] = press.input.split(/[\r\n]/);
  const added = first.replace(/[\x00-\x1f\x7f-\x9f]/g, '');
  return { text: (text + added).slice(0, limit), done: more.length > 0 };
}

/** The answer to the request as it is now; one that has gone is answered by nothing. */
function send({ rows }: BoardState, target: Target, reason?: string): Wish {
  const row = rows.get(target.id);
  if (row === undefined || row.digest !== target.digest) return NONE;
  const strength = strengthOf(row, target.answer);
  return { kind: 'send', order: { ...target, strength, ...(reason === undefined ? {} : { reason }) } };
}

function giving(state: BoardState, press: KeyPress): Wish {
  const { mode } = state;
  if (mode.kind !== 'reason') return NONE;
  if (press.escape) return act({ type: 'mode', mode: { kind: 'browse' } });
  const { text, done } = typed(mode.text, press, LONGEST_REASON);
  const reason = text.trim();
  const { answer, id, digest } = mode;
  if (done && reason !== '') return send(state, { answer, id, digest }, reason);
  return act({ type: 'mode', mode: { ...mode, text } });
}

function signingIn(state: BoardState, press: KeyPress): Wish {
  const { mode } = state;
  if (mode.kind !== 'answering') return NONE;
  if (press.escape) return { kind: 'give-up' };
  if (mode.prompt?.kind !== 'paste') return NONE;
  const { text, done } = typed(mode.text, press, LONGEST_PASTE);
  if (done && text.trim() !== '') return { kind: 'paste', text: text.trim() };
  return act({ type: 'mode', mode: { ...mode, text } });
}

function confirming(state: BoardState, board: Board, press: KeyPress): Wish {
  const { mode } = state;
  if (mode.kind !== 'confirm') return NONE;
  const { answer, id, digest } = mode;
  if (press.input === 'y') return send(state, { answer, id, digest });
  if (press.input === 'n' || press.input === 'q' || press.escape)
    return act({ type: 'mode', mode: { kind: 'browse' } });
  return scroll(board, press, true) ?? NONE;
}

export function wishOf(state: BoardState, board: Board, press: KeyPress): Wish {
  if (press.ctrl && press.input === 'c')
    return state.mode.kind === 'answering' ? { kind: 'give-up' } : { kind: 'quit' };
  switch (state.mode.kind) {
    case 'browse':
    case 'details':
      return looking(state, board, press);
    case 'confirm':
      return confirming(state, board, press);
    case 'reason':
      return giving(state, press);
    case 'answering':
      return signingIn(state, press);
  }
}
