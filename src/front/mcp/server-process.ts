// The MCP server as a process group of its own. Must never outlive its front by more than it is given to end.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { type Leash, leash } from './leash.ts';
import type { McpServer, ServerEnd } from './server.ts';

/** Milliseconds a server has to end by itself once its input has ended, and after SIGTERM. */
const LEAVES = 700;
const TERMINATES = 500;

export class ServerProcess implements McpServer {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and everything it wrote has been read. */
  readonly ended: Promise<ServerEnd>;
  readonly #child: ChildProcess;
  readonly #leash: Leash | undefined;
  #over = false;

  constructor(file: string, args: readonly string[], options: { env: Record<string, string>; cwd: string }) {
    const child = spawn(file, args, { ...options, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#leash = child.pid === undefined ? undefined : leash(child.pid);
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    // It is gone: `ended` says so.
    this.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = (value: ServerEnd): void => {
        this.#over = true;
        resolve(value);
      };
      child.once('error', (failure) => end({ code: null, signal: null, failure }));
      child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  /** Ends its input, then asks, then ends it and everything it started. */
  async end(): Promise<void> {
    this.stdin.end();
    if (!(await this.#within(LEAVES))) {
      this.#signal('SIGTERM');
      await this.#within(TERMINATES);
    }
    // Also what it left behind.
    this.#signal('SIGKILL');
    this.#leash?.drop();
  }

  #within(milliseconds: number): Promise<boolean> {
    if (this.#over) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      void this.ended.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}
