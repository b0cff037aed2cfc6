// The board of approvals: shows what waits, takes keys, hands answers on. Must never answer what was not chosen, read whole and confirmed.
import { Box, Text, type TextProps, useApp, useInput } from 'ink';
import { useMemo, useReducer, useRef } from 'react';
import {
  type ApprovalsBoardProps,
  useAnswers,
  useLook,
  useReading,
  useRequests,
  useTick,
} from './approvals/hooks.ts';
import { type KeyPress, type Wish, wishOf } from './approvals/keys.ts';
import { type Board, layBoard, type Screen } from './approvals/layout.ts';
import type { Line, Tone } from './approvals/lines.ts';
import { type BoardAction, type BoardState, boardReducer, EMPTY } from './approvals/state.ts';
import { type Size, showFullScreen, type Terminal } from './full-screen.tsx';

const COLOURS: Readonly<Record<Tone, TextProps>> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  chosen: { inverse: true },
};

/** Without colour there is still weight. */
const WEIGHTS: Readonly<Record<Tone, TextProps>> = {
  plain: {},
  dim: {},
  strong: { bold: true },
  good: {},
  warn: { bold: true },
  bad: { bold: true },
  chosen: { inverse: true },
};

function Row({ line, colour }: { line: Line; colour: boolean }) {
  const tones = colour ? COLOURS : WEIGHTS;
  if (line.length === 0) return <Text> </Text>;
  return (
    <Text wrap="truncate">
      {line.map(({ text, tone }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a row have no other identity
        <Text key={index} {...tones[tone]}>
          {text}
        </Text>
      ))}
    </Text>
  );
}

export function ApprovalsBoard(props: ApprovalsBoardProps & { readonly size: Size }) {
  const { size, person, now, colour } = props;
  const { exit } = useApp();
  const [state, dispatch] = useReducer(boardReducer, EMPTY);
  useRequests(props, dispatch);
  const answers = useAnswers(props, dispatch);
  useTick();
  useLook(state, dispatch);
  const screen: Screen = { ...size, now: now(), ...(person === undefined ? {} : { person }) };
  const board = layBoard(state, screen);
  useReading(board, dispatch);
  const latest = useRef<{ state: BoardState; board: Board }>({ state, board });
  latest.current = { state, board };
  const grant = useMemo(() => granter(dispatch, answers, exit), [answers, exit]);
  useInput((input, key) => {
    const press: KeyPress = { ...key, input };
    grant(wishOf(latest.current.state, latest.current.board, press));
  });
  return (
    <Box flexDirection="column">
      {board.lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place
        <Row key={index} line={line} colour={colour} />
      ))}
    </Box>
  );
}

/** Does what a key asked for. */
function granter(
  dispatch: (action: BoardAction) => void,
  answers: ReturnType<typeof useAnswers>,
  exit: () => void,
): (wish: Wish) => void {
  return (wish) => {
    switch (wish.kind) {
      case 'act':
        return dispatch(wish.action);
      case 'send':
        return answers.send(wish.order);
      case 'paste':
        return answers.paste(wish.text);
      case 'give-up':
        answers.giveUp();
        return dispatch({ type: 'mode', mode: { kind: 'browse' } });
      case 'quit':
        return exit();
      case 'none':
        return undefined;
    }
  };
}

/** Resolves when the person leaves, or when `signal` aborts. */
export function showApprovalsBoard(
  props: ApprovalsBoardProps & { readonly signal: AbortSignal },
  terminal: Terminal,
): Promise<void> {
  const { signal, ...rest } = props;
  return showFullScreen((size) => <ApprovalsBoard {...rest} size={size} />, terminal, signal);
}
