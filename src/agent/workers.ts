// Forks workers, keeps one warm, and notices when one dies. Must never hand a worker to two sessions.
import { type ChildProcess, fork } from 'node:child_process';
import { BrokerError } from '../model/errors.ts';
import type { FromWorker, ToWorker } from '../model/session.ts';
import { messageOf } from './fault.ts';

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Waiter = { readonly take: (message: FromWorker) => void; readonly fail: (error: BrokerError) => void };

function describeExit(exit: WorkerExit): string {
  return exit.signal ? `it was ended by ${exit.signal}` : `it ended with exit code ${exit.code}`;
}

/** One forked worker process. Messages that arrive before someone asks for them wait in order. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #inbox: FromWorker[] = [];
  readonly exited: Promise<WorkerExit>;
  #waiter: Waiter | undefined;
  #exit: WorkerExit | undefined;
  /** Resolves when it says that everything of its session is closed. */
  readonly #said: Promise<void>;
  #ended: () => void = () => undefined;
  warm = false;

  constructor(path: string, environment: Readonly<Record<string, string>>) {
    this.#child = fork(path, [], {
      cwd: '/',
      env: environment,
      execArgv: ['--max-semi-space-size=16'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#said = new Promise((resolve) => {
      this.#ended = resolve;
    });
    this.exited = new Promise((resolve) => {
      const end = (exit: WorkerExit) => {
        this.#exit ??= exit;
        this.#waiter?.fail(this.#lost());
        this.#waiter = undefined;
        resolve(this.#exit);
      };
      this.#child.once('exit', (code, signal) => end({ code, signal }));
      this.#child.once('error', () => end({ code: 1, signal: null }));
    });
    this.#child.on('message', (message) => this.#receive(message as FromWorker));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.#exit === undefined;
  }

  /** What the worker printed to stderr; only faults are printed there. */
  onComplaint(listener: (text: string) => void): void {
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => listener(text.slice(0, 4000)));
  }

  send(message: ToWorker): void {
    if (!this.#child.connected) return;
    this.#child.send(message, () => undefined);
  }

  /** The next message. Rejects with `worker-lost` when the worker dies first. */
  next(): Promise<FromWorker> {
    const waiting = this.#inbox.shift();
    if (waiting) return Promise.resolve(waiting);
    if (this.#exit) return Promise.reject(this.#lost());
    return new Promise((take, fail) => {
      this.#waiter = { take, fail };
    });
  }

  /** The next message of this type, past any activity. Throws the refusal a worker sends instead; kills one that is late. */
  async expect<T extends FromWorker['type']>(
    type: T,
    patience: number,
  ): Promise<Extract<FromWorker, { type: T }>> {
    const late = setTimeout(() => this.kill('SIGKILL'), patience);
    try {
      for (;;) {
        const message = await this.next();
        if (message.type === 'refused') throw BrokerError.from(message.error);
        if (message.type === 'ended') throw new BrokerError('worker-lost', { reason: message.reason });
        if (message.type === type) return message as Extract<FromWorker, { type: T }>;
      }
    } finally {
      clearTimeout(late);
    }
  }

  /**
   * Asks it to close its listener and journal. Once it says that it has, nothing is left to lose and it is ended;
   * one that takes longer than `patience` milliseconds is killed.
   */
  async close(reason: string, patience: number): Promise<void> {
    if (!this.alive) return;
    this.send({ type: 'close', reason });
    const late = setTimeout(() => this.kill('SIGKILL'), patience);
    await Promise.race([this.exited, this.#said]);
    clearTimeout(late);
    this.kill('SIGKILL');
    await this.exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #receive(message: FromWorker): void {
    if (message.type === 'warm') {
      this.warm = true;
      return;
    }
    if (message.type === 'ended') this.#ended();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter) waiter.take(message);
    else this.#inbox.push(message);
  }

  #lost(): BrokerError {
    return new BrokerError('worker-lost', {
      reason: describeExit(this.#exit ?? { code: null, signal: null }),
    });
  }
}

export interface WorkerSettings {
  /** The worker's bundled program. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Told what a worker printed to stderr. */
  complain(pid: number, text: string): void;
}

/** Hands out workers; after `prepare` the next one is already warm when a session asks. */
export class WorkerPool {
  readonly #settings: WorkerSettings;
  #spare: Worker | undefined;
  #stopped = false;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  /** Forks the spare unless there is one. */
  prepare(): void {
    if (this.#stopped || this.#spare?.alive) return;
    this.#spare = this.#fork();
  }

  /** A worker of one's own. Throws `worker-lost` when none can be forked. */
  take(): Worker {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.alive ? spare : this.#fork();
  }

  stop(): void {
    this.#stopped = true;
    this.#spare?.kill('SIGTERM');
    this.#spare = undefined;
  }

  #fork(): Worker {
    try {
      const worker = new Worker(this.#settings.path, this.#settings.environment);
      worker.onComplaint((text) => this.#settings.complain(worker.pid, text));
      return worker;
    } catch (error) {
      throw new BrokerError('worker-lost', { reason: messageOf(error) }, { cause: error });
    }
  }
}
