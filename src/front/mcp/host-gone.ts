// When the host has gone: its end of the pipe, a signal, or its process. Must never wait for an end that cannot be read.
import type { Readable, Writable } from 'node:stream';

/** Milliseconds between looks at who our parent is, while the host's pipe is not read. */
const LOOK = 500;

interface HostSide {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly signal: AbortSignal;
}

/** Resolves once, and leaves nothing running. */
export function hostGone({ stdin, stdout, signal }: HostSide): Promise<'host'> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    // A server that does not read holds up the host: then the end of its pipe is behind what nobody reads.
    const look = setInterval(() => {
      if (stdin.isPaused() && process.ppid !== parent) gone();
    }, LOOK);
    look.unref();
    const gone = (): void => {
      clearInterval(look);
      resolve('host');
    };
    stdin.once('end', gone);
    stdin.once('close', gone);
    stdin.once('error', gone);
    stdout.once('error', gone);
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
  });
}
