// The person's own terminal: raw while a client runs on ours, restored however that ends.
import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';

export interface Streams {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable & { isTTY?: boolean };
}

export function isTerminal(streams: Streams): boolean {
  return streams.stdin.isTTY === true && streams.stdout.isTTY === true;
}

export function sizeOf(stdout: Streams['stdout']): { columns: number; rows: number } {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

/** Takes a stream's errors from whoever had them; the returned function gives them back. */
export function takeErrors(stream: Readable | Writable, listener: () => void): () => void {
  const before = stream.listeners('error') as ((error: Error) => void)[];
  stream.removeAllListeners('error');
  stream.on('error', listener);
  return () => {
    stream.removeListener('error', listener);
    for (const each of before) stream.on('error', each);
  };
}

export interface RawScreen {
  restore(): void;
}

/** Raw mode on, with stop and continue from outside handled as a full-screen program would. */
export function takeScreen(streams: Streams, redraw: () => void): RawScreen {
  const stdin = streams.stdin as Partial<Pick<ReadStream, 'setRawMode'>> & Readable;
  const raw = (mode: boolean) => {
    try {
      stdin.setRawMode?.(mode);
    } catch {
      // The terminal is gone: there is nothing to restore.
    }
  };
  // In raw mode Ctrl-Z goes to the client; only somebody else can stop us.
  const stop = () => {
    raw(false);
    process.kill(process.pid, 'SIGSTOP');
  };
  const proceed = () => {
    raw(true);
    redraw();
  };
  const restore = () => {
    raw(false);
    process.removeListener('SIGTSTP', stop);
    process.removeListener('SIGCONT', proceed);
    process.removeListener('exit', restore);
  };
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', proceed);
  process.on('exit', restore);
  raw(true);
  return { restore };
}
