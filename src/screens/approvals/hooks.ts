// What keeps the board going: the stream of requests, answers on their way, time, and what was read. Draws nothing.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { SignInPrompt } from '../../agent/messages.ts';
import type { Order } from './keys.ts';
import type { Board } from './layout.ts';
import type { BoardAction, BoardEvent, BoardState } from './state.ts';

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
export function useRequests(props: ApprovalsBoardProps, dispatch: (action: BoardAction) => void): void {
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
export function useAnswers(props: ApprovalsBoardProps, dispatch: (action: BoardAction) => void) {
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

export function useLook({ offered, chosen }: BoardState, dispatch: (action: BoardAction) => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice begins the time anew
  useEffect(() => {
    if (!offered) return;
    const timer = setTimeout(() => dispatch({ type: 'settle' }), LOOK);
    return () => clearTimeout(timer);
  }, [offered, chosen, dispatch]);
}

/** Draws again every second, for the time that is left. */
export function useTick(): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
}

/** Remembers what was on the screen. */
export function useReading({ pane }: Board, dispatch: (action: BoardAction) => void): void {
  const [first, last] = [pane?.shown[0]?.from, pane?.shown.at(-1)?.to];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same rows need not be remembered twice
  useEffect(() => {
    if (pane && pane.shown.length > 0) dispatch({ type: 'shown', digest: pane.digest, rows: pane.shown });
  }, [pane?.digest, first, last, dispatch]);
}
