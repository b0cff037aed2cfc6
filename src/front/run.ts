// Runs a client in a session: on a recorded terminal, or through recorded pipes. Must end it when nothing records any more.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { exitCode, signalNumber } from './program.ts';
import { Pty } from './pty.ts';
import type { TerminalRecorder } from './recorder.ts';
import { isTerminal, type Streams, sizeOf, takeErrors, takeScreen } from './screen.ts';
import { takeSignals } from './signals.ts';
import { Tee } from './tee.ts';

export interface RunOrder {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly streams: Streams;
  /** Ends the client when it resolves. */
  readonly over: Promise<unknown>;
  /** Makes the recording; called once the size is known. */
  record(
    size: { columns: number; rows: number },
    failed: (error: unknown) => void,
  ): Promise<TerminalRecorder>;
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

/** The first failure of the recording; it ends the client, since nothing runs without a recorder. */
interface Fault {
  error: unknown;
  end: () => void;
}

async function openRecording(order: RunOrder, size: { columns: number; rows: number }) {
  const fault: Fault = { error: undefined, end: () => undefined };
  const failed = (error: unknown) => {
    fault.error ??= error;
    fault.end();
  };
  return { recording: await order.record(size, failed), fault, failed };
}

function outcome(code: number, signal: number, { error }: Fault): RunEnd {
  return { exit: exitCode(code, signal), signal, ...(error === undefined ? {} : { failure: error }) };
}

/** A reader or a terminal that has gone takes the client along, as a broken pipe would. */
function watchStreams(streams: readonly (Readable | Writable)[], tees: readonly Tee[], end: () => void) {
  const gone = () => {
    for (const tee of tees) tee.blind();
    end();
  };
  const giveBack = streams.map((stream) => takeErrors(stream, gone));
  return () => {
    for (const give of giveBack) give();
  };
}

async function runOnTerminal(order: RunOrder): Promise<RunEnd> {
  const { stdin, stdout } = order.streams;
  const size = sizeOf(stdout);
  const { recording, fault, failed } = await openRecording(order, size);
  const pty = new Pty({ ...order, ...size, folder: order.cwd });
  const { end, cancel } = ender((signal) => pty.kill(signal));
  fault.end = end;
  const tee = new Tee(recording, pty, stdout, failed);
  pty.onData = (chunk) => tee.take(chunk);
  const unwatch = watchStreams([stdin, stdout], [tee], end);
  const resize = () => {
    const { columns, rows } = sizeOf(stdout);
    pty.resize(columns, rows);
    recording.resize(columns, rows);
  };
  const screen = takeScreen(order.streams, resize);
  const giveBack = takeSignals((signal) => pty.kill(signal));
  const type = (chunk: Buffer) => {
    recording.input(chunk);
    pty.write(chunk);
  };
  stdin.on('data', type);
  stdin.resume();
  stdout.on('resize', resize);
  void order.over.then(end);
  try {
    const { code, signal } = await pty.exited;
    await tee.settled();
    await recording.close().catch(failed);
    return outcome(code, signal, fault);
  } finally {
    cancel();
    stdin.off('data', type);
    stdin.pause();
    stdout.off('resize', resize);
    giveBack();
    screen.restore();
    unwatch();
  }
}

function start(order: RunOrder): {
  child: ChildProcessByStdio<null, Readable, Readable>;
  closed: Promise<[number, number]>;
} {
  const child = spawn(order.file, order.args, {
    cwd: order.cwd,
    env: order.environment,
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  const closed = new Promise<[number, number]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, name) => resolve([code ?? 0, signalNumber(name)]));
  });
  return { child, closed };
}

async function runOnPipes(order: RunOrder): Promise<RunEnd> {
  const { stdin, stdout, stderr } = order.streams;
  const { recording, fault, failed } = await openRecording(order, { columns: 80, rows: 24 });
  const { child, closed } = start(order);
  const { end, cancel } = ender((signal) => child.kill(signal));
  fault.end = end;
  // Ctrl-C reaches the client from the terminal itself; what is sent to us alone is passed on.
  const giveBack = takeSignals((signal) => {
    if (signal !== 'SIGINT' || stdin.isTTY !== true) child.kill(signal);
  });
  const tees = [
    new Tee(recording, child.stdout, stdout, failed),
    new Tee(recording, child.stderr, stderr, failed),
  ];
  child.stdout.on('data', (chunk: Buffer) => tees[0]?.take(chunk));
  child.stderr.on('data', (chunk: Buffer) => tees[1]?.take(chunk));
  const unwatch = watchStreams([stdout, stderr], tees, end);
  void order.over.then(end);
  try {
    const [code, signal] = await closed;
    for (const tee of tees) await tee.settled();
    await recording.close().catch(failed);
    return outcome(code, signal, fault);
  } finally {
    cancel();
    giveBack();
    unwatch();
  }
}

/** On a pseudo-terminal when we are on a terminal ourselves; recorded either way. */
export function runRecorded(order: RunOrder): Promise<RunEnd> {
  return isTerminal(order.streams) ? runOnTerminal(order) : runOnPipes(order);
}
