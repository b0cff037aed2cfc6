// Runs a client in a session: on a recorded terminal, or through recorded pipes. Must end it when nothing records any more.
import { spawn } from 'node:child_process';
import type { Clock } from '../lib/clock.ts';
import { exitCode, signalNumber } from './program.ts';
import { Pty } from './pty.ts';
import type { Recording, RecordingOptions } from './recording.ts';
import { isTerminal, type Streams, sizeOf, takeScreen } from './screen.ts';
import { takeSignals } from './signals.ts';

/** What takes down what a client shows. */
export type TerminalRecorder = Pick<Recording, 'output' | 'input' | 'resize' | 'close'>;

export interface RunOrder {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly streams: Streams;
  readonly clock: Clock;
  /** Ends the client when it resolves. */
  readonly over: Promise<unknown>;
  /** Makes the recording; called once the size is known. */
  record(options: Pick<RecordingOptions, 'columns' | 'rows' | 'failed'>): TerminalRecorder;
}

export interface RunEnd {
  /** As a shell counts it: 128 + n when a signal ended the client. */
  readonly exit: number;
  readonly signal: number;
  /** Why the recording failed, when it did. */
  readonly failure?: unknown;
}

/** Between asking a client to end and making it. */
const END_PATIENCE = 2000;

type Kill = (signal: NodeJS.Signals) => void;

/** Asks, then insists. Safe to call again. */
function ender(kill: Kill): { end(): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    if (timer) return;
    kill('SIGHUP');
    kill('SIGTERM');
    timer = setTimeout(() => kill('SIGKILL'), END_PATIENCE);
  };
  return { end, cancel: () => clearTimeout(timer) };
}

/** Everything shown was recorded first; a failure ends the client, since nothing runs without a recorder. */
function tee(recording: TerminalRecorder, show: (chunk: Uint8Array) => void, fail: (error: unknown) => void) {
  let broken = false;
  return (chunk: Uint8Array): void => {
    if (broken) return;
    try {
      recording.output(chunk);
    } catch (error) {
      broken = true;
      fail(error);
      return;
    }
    show(chunk);
  };
}

async function runOnTerminal(order: RunOrder): Promise<RunEnd> {
  const { streams } = order;
  const { stdin, stdout } = streams;
  const size = sizeOf(stdout);
  const pty = new Pty({ ...order, ...size, folder: order.cwd });
  const { end, cancel } = ender((signal) => pty.kill(signal));
  let failure: unknown;
  const failed = (error: unknown) => {
    failure ??= error;
    end();
  };
  let recording: TerminalRecorder;
  try {
    recording = order.record({ ...size, failed });
  } catch (error) {
    pty.kill('SIGKILL');
    throw error;
  }
  const resize = () => {
    const { columns, rows } = sizeOf(stdout);
    pty.resize(columns, rows);
    recording.resize(columns, rows);
  };
  const screen = takeScreen(streams, resize);
  const giveBack = takeSignals((signal) => pty.kill(signal));
  const show = (chunk: Uint8Array) => {
    // The chunk's memory is used again after this call.
    if (stdout.write(Buffer.from(chunk))) return;
    pty.pause();
    stdout.once('drain', () => pty.resume());
  };
  pty.onData = tee(recording, show, failed);
  const type = (chunk: Buffer) => {
    recording.input(chunk);
    pty.write(chunk);
  };
  stdin.on('data', type);
  stdin.resume();
  stdout.on('resize', resize);
  void order.over.then(end);
  try {
    const exit = await pty.exited;
    await recording.close().catch(failed);
    return { exit: exitCode(exit.code, exit.signal), signal: exit.signal, ...(failure ? { failure } : {}) };
  } finally {
    cancel();
    stdin.off('data', type);
    stdin.pause();
    stdout.off('resize', resize);
    giveBack();
    screen.restore();
  }
}

async function runOnPipes(order: RunOrder): Promise<RunEnd> {
  const { stdout, stderr } = order.streams;
  const child = spawn(order.file, order.args, {
    cwd: order.cwd,
    env: order.environment,
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  const { end, cancel } = ender((signal) => child.kill(signal));
  let failure: unknown;
  const failed = (error: unknown) => {
    failure ??= error;
    end();
  };
  const closed = new Promise<RunEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, name) => {
      const signal = signalNumber(name);
      resolve({ exit: exitCode(code ?? 0, signal), signal });
    });
  });
  closed.catch(() => undefined);
  let recording: TerminalRecorder;
  try {
    recording = order.record({ columns: 80, rows: 24, failed });
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  // Ctrl-C reaches the client from the terminal itself; what is sent to us alone is passed on.
  const giveBack = takeSignals((signal) => {
    if (signal !== 'SIGINT' || order.streams.stdin.isTTY !== true) child.kill(signal);
  });
  for (const [from, to] of [
    [child.stdout, stdout],
    [child.stderr, stderr],
  ] as const) {
    const show = (chunk: Uint8Array) => {
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    };
    from.on('data', tee(recording, show, failed));
  }
  void order.over.then(end);
  try {
    const ended = await closed;
    await recording.close().catch(failed);
    return failure ? { ...ended, failure } : ended;
  } finally {
    cancel();
    giveBack();
  }
}

/** On a pseudo-terminal when we are on a terminal ourselves; recorded either way. */
export function runRecorded(order: RunOrder): Promise<RunEnd> {
  return isTerminal(order.streams) ? runOnTerminal(order) : runOnPipes(order);
}
