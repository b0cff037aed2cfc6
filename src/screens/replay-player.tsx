// The player of recordings: a screen model drawn above, controls below. A recording must never reach the terminal itself.
import { Box, Text, type TextProps, useApp, useInput } from 'ink';
import { useEffect, useMemo, useReducer, useRef } from 'react';
import type { Tape } from '../lib/tape.ts';
import { visible } from '../lib/visible.ts';
import type { Run } from '../lib/vt-screen.ts';
import { type Size, showFullScreen, type Terminal } from './full-screen.tsx';
import { Deck } from './replay/deck.ts';
import { layReplay } from './replay/layout.ts';
import { advance, press, type ReplayKey, type ReplayState, startState } from './replay/state.ts';

export interface ReplayProps {
  readonly tape: Tape;
  readonly speed: number;
  readonly colour: boolean;
  /** Nanoseconds; only differences mean anything. */
  now(): bigint;
}

/** Milliseconds between pictures. */
const BEAT = 50;

const WEIGHTS: Readonly<Record<string, TextProps>> = {
  bold: { bold: true },
  dim: { dimColor: true },
  italic: { italic: true },
  underline: { underline: true },
  strike: { strikethrough: true },
  inverse: { inverse: true },
  cursor: { inverse: true },
};

/** Words of a style (`bold f1 b#aabbcc`) as ink has them. */
function propsOf(style: string, colour: boolean): TextProps {
  const props: Record<string, unknown> = {};
  for (const word of style.split(' ')) {
    Object.assign(props, WEIGHTS[word]);
    const [, side, name = ''] = /^([fb])(\d{1,3}|#[0-9a-f]{6})$/.exec(word) ?? [];
    if (colour && side !== undefined)
      props[side === 'f' ? 'color' : 'backgroundColor'] = name.startsWith('#') ? name : `ansi256(${name})`;
  }
  return props as TextProps;
}

function ScreenRow({ runs, colour }: { runs: readonly Run[]; colour: boolean }) {
  const last = runs.findLastIndex(({ text, style }) => style !== '' || text.trimEnd() !== '');
  if (last < 0) return <Text> </Text>;
  return (
    <Text wrap="truncate">
      {runs.slice(0, last + 1).map(({ text, style }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a row have no other identity
        <Text key={index} {...propsOf(style, colour)}>
          {visible(index === last ? text.replace(/ +$/, style === '' ? '' : '$&') : text)}
        </Text>
      ))}
    </Text>
  );
}

type Action =
  | { readonly type: 'beat'; readonly seconds: number }
  | { readonly type: 'become'; readonly state: ReplayState };

/** A beat for every picture while it plays. */
function useBeat(playing: boolean, now: () => bigint, beat: (seconds: number) => void): void {
  useEffect(() => {
    if (!playing) return;
    let before = now();
    const timer = setInterval(() => {
      const then = now();
      beat(Number(then - before) / 1e9);
      before = then;
    }, BEAT);
    return () => clearInterval(timer);
  }, [playing, now, beat]);
}

export function ReplayPlayer({ tape, speed, colour, now, size }: ReplayProps & { readonly size: Size }) {
  const { exit } = useApp();
  const deck = useMemo(() => new Deck(tape), [tape]);
  const [state, dispatch] = useReducer(
    (before: ReplayState, action: Action) =>
      action.type === 'beat' ? advance(before, tape, action.seconds) : action.state,
    startState(speed),
  );
  const latest = useRef(state);
  latest.current = state;
  const beat = useMemo(() => (seconds: number) => dispatch({ type: 'beat', seconds }), []);
  useBeat(state.playing, now, beat);
  useInput((input, key) => {
    // What is typed faster than it is drawn is taken key by key.
    const single = latest.current.typing === undefined && input.length > 1 ? [...input] : [input];
    for (const each of single) {
      const next = press(latest.current, { ...key, input: each } as ReplayKey, tape, deck);
      if (!next) return exit();
      latest.current = next;
    }
    dispatch({ type: 'become', state: latest.current });
  });
  deck.seek(state.at);
  const board = layReplay(state, tape, deck, size);
  return (
    <Box flexDirection="column" width={size.columns}>
      {board.screen.map((runs, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place
        <ScreenRow key={index} runs={runs} colour={colour} />
      ))}
      <Text dimColor>{'─'.repeat(size.columns)}</Text>
      <Text wrap="truncate">{board.status}</Text>
      <Text wrap="truncate">{board.line === '' ? ' ' : board.line}</Text>
      <Text wrap="truncate" dimColor>
        {board.keys}
      </Text>
    </Box>
  );
}

/** Resolves when the person leaves, or when `signal` aborts. */
export function showReplay(
  props: ReplayProps & { readonly signal: AbortSignal },
  terminal: Terminal,
): Promise<void> {
  const { signal, ...rest } = props;
  return showFullScreen((size) => <ReplayPlayer {...rest} size={size} />, terminal, signal);
}
