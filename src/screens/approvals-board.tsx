// The board of approvals: shows what waits, takes keys, hands answers on. Must never answer what was not chosen, read whole and confirmed.
import { Box, render, Text, type TextProps, useApp, useInput } from 'ink';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { SignInPrompt } from '../agent/messages.ts';
import { type KeyPress, type Order, type Wish, wishOf } from './approvals/keys.ts';
import { type Board, layBoard, type Screen } from './approvals/layout.ts';
import type { Line, Tone } from './approvals/lines.ts';
import {
  type BoardAction,
  type BoardEvent,
  type BoardState,
  boardReducer,
  EMPTY,
} from './approvals/state.ts';

/** A person's side of an answer on its way. */
export interface AnswerTalk {
  show(prompt: SignInPrompt): void;
  pasted(): Promise<string>;
  readonly signal: AbortSignal;
}

export interface ApprovalsBoardProps {
  /** Requests as they come and change, for as long as anybody looks; connects again by itself. */
  follow(signal: AbortSignal): AsyncIterable<BoardEvent>;
  /** Signs an answer; resolves with what to tell the person. */
  answer(order: Order, talk: AnswerTalk): Promise<string>;
  /** Draws attention to a new request. */
  ring(): void;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly person?: string;
  readonly colour: boolean;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

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

/** Milliseconds in which what is told is gathered: a flood is drawn, and rings, once. */
const GATHER = 30;

/** Gathers what is told and hands it on. */
function gatherer(dispatch: (action: BoardAction) => void, ring: () => void) {
  const known = new Set<string>();
  let listed = false;
  let events: BoardEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    const told = events;
    [events, timer] = [[], undefined];
    let fresh = false;
    for (const event of told) {
      if (event.type === 'listed') listed = true;
      if (event.type !== 'row') continue;
      const { id, state, own, genuine } = event.row;
      fresh ||= listed && !known.has(id) && state === 'pending' && !own && genuine;
      known.add(id);
    }
    dispatch({ type: 'told', events: told });
    if (fresh) ring();
  };
  return {
    add: (event: BoardEvent) => {
      events.push(event);
      timer ??= setTimeout(flush, GATHER);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Follows the requests until the board goes. */
function useRequests(props: ApprovalsBoardProps, dispatch: (action: BoardAction) => void): void {
  const { follow, ring } = props;
  useEffect(() => {
    const controller = new AbortController();
    const { add, stop } = gatherer(dispatch, ring);
    const run = async () => {
      for await (const event of follow(controller.signal)) {
        if (controller.signal.aborted) return;
        add(event);
      }
    };
    run().catch((error: unknown) =>
      add({ type: 'trouble', reason: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      controller.abort();
      stop();
    };
  }, [follow, ring, dispatch]);
}

/** Sends answers and passes on what is asked and typed meanwhile. */
function useAnswers(props: ApprovalsBoardProps, dispatch: (action: BoardAction) => void) {
  const { answer } = props;
  const running = useRef<{ controller: AbortController; paste: (text: string) => void } | undefined>(
    undefined,
  );
  useEffect(() => () => running.current?.controller.abort(), []);
  const send = useCallback(
    (order: Order) => {
      const controller = new AbortController();
      let paste: (text: string) => void = () => undefined;
      const pasted = new Promise<string>((resolve) => {
        paste = resolve;
      });
      const mine = { controller, paste };
      running.current = mine;
      const { answer: verb, id, digest } = order;
      dispatch({ type: 'mode', mode: { kind: 'answering', answer: verb, id, digest, text: '' } });
      const show = (prompt: SignInPrompt) => dispatch({ type: 'prompt', prompt });
      const say = (text: string, tone: 'good' | 'bad') => {
        // A person who gave up has gone on to something else.
        if (running.current === mine) dispatch({ type: 'answered', message: { text, tone } });
      };
      answer(order, { show, pasted: () => pasted, signal: controller.signal }).then(
        (text) => say(text, 'good'),
        (error: unknown) => say(error instanceof Error ? error.message : String(error), 'bad'),
      );
    },
    [answer, dispatch],
  );
  const paste = useCallback((text: string) => running.current?.paste(text), []);
  const giveUp = useCallback(() => {
    running.current?.controller.abort();
    running.current = undefined;
  }, []);
  return { send, paste, giveUp };
}

/** Milliseconds in which a person sees that another request was chosen for them. */
const LOOK = 1000;

function useLook({ offered, chosen }: BoardState, dispatch: (action: BoardAction) => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice begins the time anew
  useEffect(() => {
    if (!offered) return;
    const timer = setTimeout(() => dispatch({ type: 'settle' }), LOOK);
    return () => clearTimeout(timer);
  }, [offered, chosen, dispatch]);
}

/** Draws again every second, for the time that is left. */
function useTick(): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
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

/** Remembers what was on the screen. */
function useReading({ pane }: Board, dispatch: (action: BoardAction) => void): void {
  const [first, last] = [pane?.shown[0]?.from, pane?.shown.at(-1)?.to];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same rows need not be remembered twice
  useEffect(() => {
    if (pane && pane.shown.length > 0) dispatch({ type: 'shown', digest: pane.digest, rows: pane.shown });
  }, [pane?.digest, first, last, dispatch]);
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

const ENTER = '\u001b[?1049h\u001b[2J\u001b[H';
const LEAVE = '\u001b[?1049l\u001b[?25h';
const CLEAR = '\u001b[2J\u001b[H';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/** Stopped by somebody else, the terminal is theirs until we go on. */
function whileStopped({ stdin, stdout }: Terminal, redraw: () => void): () => void {
  const raw = (mode: boolean) => {
    try {
      stdin.setRawMode?.(mode);
    } catch {
      // The terminal is gone: there is nothing to set.
    }
  };
  const stop = () => {
    raw(false);
    stdout.write(LEAVE);
    process.kill(process.pid, 'SIGSTOP');
  };
  const proceed = () => {
    raw(true);
    stdout.write(ENTER);
    redraw();
  };
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', proceed);
  return () => {
    process.removeListener('SIGTSTP', stop);
    process.removeListener('SIGCONT', proceed);
  };
}

/** Resolves when the person leaves, or when `signal` aborts; the terminal is as it was then, and also when the process ends otherwise. */
export async function showApprovalsBoard(
  props: ApprovalsBoardProps & { readonly signal: AbortSignal },
  terminal: Terminal,
): Promise<void> {
  const { stdin, stdout } = terminal;
  const { signal, ...rest } = props;
  const sizeNow = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const element = (size = sizeNow()) => <ApprovalsBoard {...rest} size={size} />;
  const leave = () => void stdout.write(LEAVE);
  const resized = () => {
    stdout.write(CLEAR);
    app.rerender(element());
  };
  const redraw = () => {
    // ink draws only what is not what it drew last: in between there was nothing.
    app.rerender(element({ columns: 0, rows: 0 }));
    setTimeout(resized, 100);
  };
  process.once('exit', leave);
  stdout.write(ENTER);
  // Before ink listens: the old picture is gone when the new one is drawn.
  stdout.on('resize', resized);
  const app = render(element(), { stdin, stdout, exitOnCtrlC: false, patchConsole: false });
  const goOn = whileStopped(terminal, redraw);
  const stop = () => app.unmount();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await app.waitUntilExit();
  } finally {
    goOn();
    signal.removeEventListener('abort', stop);
    stdout.removeListener('resize', resized);
    process.removeListener('exit', leave);
    leave();
  }
}
