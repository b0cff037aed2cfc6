// A recording in a thread of its own, so that masking does not hold up the terminal. Must never say that something is recorded before it is.
import { Worker } from 'node:worker_threads';
import { bundled } from '../agent/client.ts';
import { systemClock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import { recordingMaskers } from './masking.ts';
import type { FromRecorder, RecordingOrder, ToRecorder } from './recorder-thread.ts';
import { Recording } from './recording.ts';

/** What takes down what a client shows. */
export interface TerminalRecorder {
  /** Throws or rejects with `journal-failed`; what is recorded may be shown. */
  output(bytes: Uint8Array): undefined | Promise<void>;
  input(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
  close(): Promise<void>;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

function toError(error: unknown): BrokerError {
  const wire = error as { code?: unknown };
  if (typeof error === 'object' && error !== null && typeof wire.code === 'string')
    return BrokerError.from(error as Parameters<typeof BrokerError.from>[0]);
  return new BrokerError('bug', { reason: String(error) });
}

class ThreadRecorder implements TerminalRecorder {
  readonly #thread: Worker;
  readonly #failed: (error: unknown) => void;
  readonly #waiting: Waiter[] = [];
  #closing: Waiter | undefined;
  #failure: BrokerError | undefined;

  constructor(thread: Worker, failed: (error: unknown) => void) {
    this.#thread = thread;
    this.#failed = failed;
    thread.on('message', (message: FromRecorder) => this.#hear(message));
    thread.on('error', (error) => this.#fail(error));
    thread.on('exit', () => this.#fail('the recorder ended'));
  }

  output(bytes: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send({ kind: 'output', bytes });
    });
  }

  input(bytes: Uint8Array): void {
    this.#send({ kind: 'input', bytes });
  }

  resize(columns: number, rows: number): void {
    this.#send({ kind: 'resize', columns, rows });
  }

  close(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#closing = { resolve, reject };
      this.#send({ kind: 'close' });
    });
  }

  #send(message: ToRecorder): void {
    this.#thread.postMessage(message);
  }

  #hear(message: FromRecorder): void {
    if (message.kind === 'recorded') this.#waiting.shift()?.resolve();
    if (message.kind === 'failed') this.#fail(message.error);
    if (message.kind === 'closed') {
      this.#closing?.resolve();
      this.#closing = undefined;
    }
  }

  /** Everything that waits fails; a recorder that ended after `closed` has nothing that waits. */
  #fail(error: unknown): void {
    if (this.#failure || (this.#waiting.length === 0 && !this.#closing && error === 'the recorder ended'))
      return;
    this.#failure = error instanceof Error ? toError(error.message) : toError(error);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.#closing?.reject(this.#failure);
    this.#failed(this.#failure);
  }
}

function inThisThread(order: RecordingOrder, failed: (error: unknown) => void): TerminalRecorder {
  const recording = new Recording({ ...order, ...recordingMaskers(), clock: systemClock, failed });
  return {
    output: (bytes) => {
      recording.output(bytes);
      return undefined;
    },
    input: (bytes) => recording.input(bytes),
    resize: (columns, rows) => recording.resize(columns, rows),
    close: () => recording.close(),
  };
}

/** Resolves once the recording's file is there. Rejects with `journal-failed`. */
export async function openRecorder(
  order: RecordingOrder,
  failed: (error: unknown) => void,
): Promise<TerminalRecorder> {
  const path = bundled('recorder.js');
  // Run from source there is no bundle to start a thread from.
  if (path === undefined) return inThisThread(order, failed);
  const thread = new Worker(path, { workerData: order });
  await new Promise<void>((resolve, reject) => {
    thread.once('message', (message: FromRecorder) => {
      if (message.kind === 'failed') reject(toError(message.error));
      else resolve();
    });
    thread.once('error', reject);
  });
  return new ThreadRecorder(thread, failed);
}
