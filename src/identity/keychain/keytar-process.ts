// keytar in a process of its own: native code that waits for a person, or crashes, must never stop or take down the holder of the keys.
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** The three calls of keytar we make; never findCredentials, which crashes on a locked keyring. */
type Call = 'getPassword' | 'setPassword' | 'deletePassword';

/** Milliseconds without a call after which the process is let go. */
const IDLE = 5_000;

/** Answers one line of JSON per line of JSON. A thread stuck in keytar blocks a normal exit, hence the kill. */
const PROGRAM = `
const keytar = require(process.argv[1]);
const calls = new Set(['getPassword', 'setPassword', 'deletePassword']);
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const { id, call, args } = JSON.parse(line);
  let answer;
  try {
    if (!calls.has(call)) throw new Error('unknown call');
    answer = { id, value: (await keytar[call](...args)) ?? null };
  } catch (error) {
    answer = { id, error: String(error?.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\\n');
});
lines.on('close', () => process.kill(process.pid, 'SIGKILL'));
`;

export class TooSlow extends Error {}

interface Pending {
  resolve(value: string | boolean | null): void;
  reject(error: Error): void;
}

export class KeytarProcess {
  #child: ChildProcess | undefined;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #idle: NodeJS.Timeout | undefined;

  getPassword(patience: number, service: string, account: string): Promise<string | null> {
    return this.#call(patience, 'getPassword', service, account) as Promise<string | null>;
  }

  async setPassword(patience: number, service: string, account: string, secret: string): Promise<void> {
    await this.#call(patience, 'setPassword', service, account, secret);
  }

  async deletePassword(patience: number, service: string, account: string): Promise<boolean> {
    return (await this.#call(patience, 'deletePassword', service, account)) === true;
  }

  #start(): ChildProcess {
    const path = createRequire(import.meta.url).resolve('keytar');
    const child = spawn(process.execPath, ['-e', PROGRAM, path], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, 4_000);
    });
    child.stdin.on('error', () => {});
    child.once('error', (error) => this.#lost(child, error));
    child.once('close', (code, signal) => {
      const [reason] = /Failed to load keytar.*/.exec(complaint) ?? [`it ended with ${signal ?? code}`];
      this.#lost(child, new Error(reason));
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#answered(line));
    for (const part of [child, child.stdin, child.stdout, child.stderr])
      (part as { unref?(): void }).unref?.();
    return child;
  }

  #answered(line: string): void {
    const { id, value, error } = JSON.parse(line) as {
      id: number;
      value?: string | boolean | null;
      error?: string;
    };
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(value ?? null);
    else pending?.reject(new Error(error));
  }

  #lost(child: ChildProcess, error: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  async #call(patience: number, call: Call, ...args: string[]): Promise<string | boolean | null> {
    clearTimeout(this.#idle);
    this.#child ??= this.#start();
    const child = this.#child;
    const id = ++this.#last;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        timer = setTimeout(() => {
          reject(new TooSlow());
          child.kill('SIGKILL');
        }, patience);
        child.stdin?.write(`${JSON.stringify({ id, call, args })}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
      this.#rest();
    }
  }

  #rest(): void {
    if (this.#pending.size > 0) return;
    this.#idle = setTimeout(() => this.#child?.stdin?.end(), IDLE).unref();
  }
}
