// Where a replay is and what a key does to it. Pure; the tape and the clock are given.
import type { Tape } from '../../lib/tape.ts';
import { type Deck, markAt } from './deck.ts';

export interface ReplayState {
  /** Seconds of the tape. */
  readonly at: number;
  readonly playing: boolean;
  readonly speed: number;
  /** What is being typed; undefined while nothing is sought. */
  readonly typing: string | undefined;
  readonly needle: string;
  readonly note: string;
  readonly help: boolean;
}

export interface ReplayKey {
  readonly input: string;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
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

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32] as const;
const LONGEST_NEEDLE = 200;
const STEP = 5;
const LEAP = 60;

export function startState(speed: number): ReplayState {
  return { at: 0, playing: true, speed, typing: undefined, needle: '', note: '', help: false };
}

/** Time went by, seconds. */
export function advance(state: ReplayState, { length }: Tape, seconds: number): ReplayState {
  if (!state.playing) return state;
  const at = Math.min(length, state.at + seconds * state.speed);
  return { ...state, at, playing: at < length };
}

function to(state: ReplayState, tape: Tape, at: number): ReplayState {
  return { ...state, at: Math.max(0, Math.min(tape.length, at)), note: '' };
}

function toMark(state: ReplayState, tape: Tape, by: 1 | -1): ReplayState {
  const { marks } = tape;
  const paused = { ...state, playing: false };
  if (marks.length === 0) return { ...paused, note: 'this recording names no statements' };
  const here = markAt(marks, state.at);
  // Backwards goes to where this statement began, and from there to the one before.
  const begun = state.at - (marks[here]?.at ?? 0) > 1;
  const mark = marks[by > 0 ? here + 1 : begun ? here : here - 1];
  if (!mark) return by > 0 ? { ...paused, note: 'that was the last statement' } : to(paused, tape, 0);
  return to(paused, tape, mark.at);
}

function faster(state: ReplayState, by: 1 | -1): ReplayState {
  const next =
    by > 0
      ? SPEEDS.find((each) => each > state.speed)
      : [...SPEEDS].reverse().find((each) => each < state.speed);
  return { ...state, speed: next ?? state.speed, note: '' };
}

function seek(state: ReplayState, tape: Tape, deck: Deck, by: 1 | -1): ReplayState {
  const { needle } = state;
  if (needle === '') return { ...state, note: 'nothing was sought yet: / seeks' };
  const at = by > 0 ? deck.find(needle, state.at) : deck.findBack(needle, state.at);
  const paused = { ...state, playing: false };
  if (at === undefined)
    return { ...paused, note: `not found ${by > 0 ? 'after' : 'before'} this: ${needle}` };
  return { ...to(paused, tape, at), note: `found: ${needle}` };
}

function type(state: ReplayState, key: ReplayKey, tape: Tape, deck: Deck): ReplayState {
  const typing = state.typing ?? '';
  if (key.escape || (key.ctrl && key.input === 'c')) return { ...state, typing: undefined };
  if (key.return) {
    const idle = { ...state, typing: undefined };
    return typing === '' ? idle : seek({ ...idle, needle: typing }, tape, deck, 1);
  }
  if (key.backspace || key.delete) return { ...state, typing: [...typing].slice(0, -1).join('') };
  if (key.ctrl) return state;
  const added = [...key.input].filter((each) => each >= ' ' && each !== '\u007f').join('');
  return { ...state, typing: (typing + added).slice(0, LONGEST_NEEDLE) };
}

type Act = (state: ReplayState, tape: Tape, deck: Deck) => ReplayState;

const ACTS: Readonly<Record<string, Act>> = {
  ' ': (state, tape) =>
    state.playing || state.at < tape.length
      ? { ...state, playing: !state.playing, note: '' }
      : { ...state, at: 0, playing: true, note: '' },
  ']': (state, tape) => toMark(state, tape, 1),
  '[': (state, tape) => toMark(state, tape, -1),
  '+': (state) => faster(state, 1),
  '=': (state) => faster(state, 1),
  '-': (state) => faster(state, -1),
  n: (state, tape, deck) => seek(state, tape, deck, 1),
  N: (state, tape, deck) => seek(state, tape, deck, -1),
  g: (state, tape) => to(state, tape, 0),
  G: (state, tape) => ({ ...to(state, tape, tape.length), playing: false }),
  '/': (state) => ({ ...state, typing: '', playing: false, note: '' }),
  '?': (state) => ({ ...state, help: !state.help }),
  '.': (state, tape) => {
    const next = tape.events.find((each) => each.at > state.at);
    return next ? { ...to(state, tape, next.at), playing: false } : { ...state, playing: false };
  },
};

/** Undefined: the person leaves. */
export function press(state: ReplayState, key: ReplayKey, tape: Tape, deck: Deck): ReplayState | undefined {
  if (state.typing !== undefined) return type(state, key, tape, deck);
  const { input, ctrl } = key;
  if (input === 'q' || (ctrl && input === 'c')) return undefined;
  if (key.escape) return state.help ? { ...state, help: false } : undefined;
  if (key.leftArrow) return to(state, tape, state.at - STEP);
  if (key.rightArrow) return to(state, tape, state.at + STEP);
  if (key.pageUp) return to(state, tape, state.at - LEAP);
  if (key.pageDown) return to(state, tape, state.at + LEAP);
  if (key.home) return to(state, tape, 0);
  if (key.end) return ACTS['G']?.(state, tape, deck);
  if (key.upArrow) return faster(state, 1);
  if (key.downArrow) return faster(state, -1);
  if (ctrl || !Object.hasOwn(ACTS, input)) return state;
  return ACTS[input]?.(state, tape, deck);
}
