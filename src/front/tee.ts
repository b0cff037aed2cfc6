// Records what a client writes, then shows it; slows the client down when either is slow. Must never show what is not recorded.
import type { Writable } from 'node:stream';
import type { TerminalRecorder } from './recorder.ts';

export interface Source {
  pause(): void;
  resume(): void;
}

/** Bytes handed to the recorder and not recorded yet, beyond which the client waits. */
const IN_FLIGHT = 512 * 1024;

export class Tee {
  readonly #recorder: TerminalRecorder;
  readonly #source: Source;
  readonly #screen: Writable;
  readonly #fail: (error: unknown) => void;
  readonly #holds = new Set<'recorder' | 'screen'>();
  #inFlight = 0;
  #last: Promise<void> = Promise.resolve();
  #broken = false;
  #blind = false;

  constructor(recorder: TerminalRecorder, source: Source, screen: Writable, fail: (error: unknown) => void) {
    this.#recorder = recorder;
    this.#source = source;
    this.#screen = screen;
    this.#fail = fail;
  }

  /** The chunk's memory may be used again after this call. */
  take(chunk: Uint8Array): void {
    if (this.#broken) return;
    const bytes = Buffer.from(chunk);
    try {
      const recorded = this.#recorder.output(bytes);
      if (recorded === undefined) this.#show(bytes);
      else this.#wait(bytes, recorded);
    } catch (error) {
      this.#break(error);
    }
  }

  /** Resolves when everything that was taken is shown, or never will be. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Nobody looks any more: what still comes is recorded all the same. */
  blind(): void {
    this.#blind = true;
    this.#release('screen');
  }

  #wait(bytes: Buffer, recorded: Promise<void>): void {
    this.#inFlight += bytes.length;
    if (this.#inFlight > IN_FLIGHT) this.#hold('recorder');
    this.#last = recorded.then(
      () => {
        this.#inFlight -= bytes.length;
        if (this.#inFlight < IN_FLIGHT / 2) this.#release('recorder');
        this.#show(bytes);
      },
      (error: unknown) => this.#break(error),
    );
  }

  #show(bytes: Buffer): void {
    if (this.#broken || this.#blind || this.#screen.write(bytes)) return;
    this.#hold('screen');
    this.#screen.once('drain', () => this.#release('screen'));
  }

  #break(error: unknown): void {
    this.#broken = true;
    this.#holds.clear();
    this.#source.resume();
    this.#fail(error);
  }

  #hold(why: 'recorder' | 'screen'): void {
    if (this.#holds.size === 0) this.#source.pause();
    this.#holds.add(why);
  }

  #release(why: 'recorder' | 'screen'): void {
    if (this.#holds.delete(why) && this.#holds.size === 0) this.#source.resume();
  }
}
