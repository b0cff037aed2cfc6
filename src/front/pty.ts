// A program on a pseudo-terminal of its own: bytes in, bytes out, size and signals exact. Must never lose its last output.
import { readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ReadStream } from 'node:tty';

// node-pty's JavaScript around its addon decodes UTF-8 (bytes that are not would be changed) and closes the terminal
// 200 ms after the child's exit whether it was read or not (a paused one would lose its end). So only the addon is used.
interface Addon {
  fork(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    folder: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    exited: (code: number, signal: number) => void,
  ): { readonly fd: number; readonly pid: number; readonly pty: string };
  resize(fd: number, columns: number, rows: number): void;
}

export interface PtyOptions {
  /** Absolute path: nothing is looked up here. */
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
}

export interface PtyExit {
  readonly code: number;
  /** 0 when it was not ended by a signal. */
  readonly signal: number;
}

const READ = 64 * 1024;
/** Bytes gathered before they are handed on; a terminal gives at most 4 KiB per read. */
const BATCH = 128 * 1024;
/** A first read this small is a person at a keyboard: hand it on without looking for more. */
const INTERACTIVE = 2048;

function load(): { addon: Addon; helper: string } {
  const require = createRequire(import.meta.url);
  const { requireBinary } = createRequire(require.resolve('node-pty'))('./requireBinary.js') as {
    requireBinary(name: string): Addon;
  };
  const binaries = `@lydell/node-pty-${process.platform}-${process.arch}`;
  const helper =
    process.platform === 'darwin'
      ? createRequire(require.resolve('node-pty')).resolve(`${binaries}/spawn-helper`)
      : '';
  return { addon: requireBinary('pty.node'), helper };
}

/** Terminal sizes a kernel takes; a zero would make programs divide by it. */
function bounded(size: number): number {
  return Math.max(1, Math.min(Math.trunc(size) || 1, 0xffff));
}

export class Pty {
  readonly pid: number;
  /** Resolves after the last byte of output was handed to `onData`. */
  readonly exited: Promise<PtyExit>;
  /** Gets each chunk; valid only during the call. Set before the first turn of the event loop. */
  onData: (chunk: Uint8Array) => void = () => undefined;
  readonly #addon: Addon;
  readonly #fd: number;
  readonly #stream: ReadStream;
  readonly #batch = Buffer.allocUnsafeSlow(BATCH);
  #open = true;
  #paused = false;

  constructor(options: PtyOptions) {
    const { addon, helper } = load();
    this.#addon = addon;
    let exit: PtyExit | undefined;
    let settle: (exit: PtyExit) => void = () => undefined;
    this.exited = new Promise((resolve) => {
      settle = resolve;
    });
    const variables = Object.entries(options.environment).map(([name, value]) => `${name}=${value}`);
    const size = [bounded(options.columns), bounded(options.rows)] as const;
    const { fd, pid } = addon.fork(
      options.file,
      options.args,
      variables,
      options.folder,
      ...size,
      -1,
      -1,
      true,
      helper,
      (code, signal) => {
        exit = { code, signal };
        this.#drain();
        if (!this.#open) settle(exit);
        else this.#stream.destroy();
      },
    );
    this.#fd = fd;
    this.pid = pid;
    const buffer = Buffer.allocUnsafeSlow(READ);
    const onread = { buffer, callback: (size: number) => this.#read(buffer, size) };
    // net.Socket's `onread` reads into one buffer; tty.ReadStream hands its options on to it.
    this.#stream = new (ReadStream as new (fd: number, options: object) => ReadStream)(fd, { onread });
    // EIO is how a terminal says that its last program closed it.
    this.#stream.on('error', () => this.#drain());
    this.#stream.on('end', () => this.#drain());
    this.#stream.on('close', () => {
      this.#open = false;
      if (exit) settle(exit);
    });
    this.#stream.resume();
  }

  write(bytes: Uint8Array): void {
    if (this.#open) this.#stream.write(bytes);
  }

  resize(columns: number, rows: number): void {
    if (this.#open) this.#addon.resize(this.#fd, bounded(columns), bounded(rows));
  }

  /** Stops reading: the kernel's buffer fills and the program waits. */
  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
  }

  /** To the program and everything it started in its group. */
  kill(signal: NodeJS.Signals): void {
    for (const target of [-this.pid, this.pid]) {
      try {
        process.kill(target, signal);
        return;
      } catch {
        // No such group, or already gone.
      }
    }
  }

  #read(buffer: Buffer, size: number): boolean {
    if (size < INTERACTIVE) {
      this.onData(buffer.subarray(0, size));
      return !this.#paused;
    }
    buffer.copy(this.#batch, 0, 0, size);
    this.onData(this.#batch.subarray(0, this.#fill(size)));
    return !this.#paused;
  }

  /** Reads what is there into the batch, from `at` on; returns where it ends. */
  #fill(at: number): number {
    let end = at;
    try {
      while (end < BATCH) {
        const size = readSync(this.#fd, this.#batch, end, BATCH - end, null);
        if (size <= 0) break;
        end += size;
      }
    } catch {
      // EAGAIN: nothing more now. EIO: nothing more ever; the stream says so too.
    }
    return end;
  }

  /** libuv takes a hang-up after a short read for the end and leaves what is still buffered: read it here. */
  #drain(): void {
    if (!this.#open || this.#stream.destroyed) return;
    for (let size = this.#fill(0); size > 0; size = this.#fill(0)) this.onData(this.#batch.subarray(0, size));
  }
}
