// How long each step of something took, for the log. Only differences of the clock mean anything.
import type { Clock } from '../lib/clock.ts';

export class Stopwatch {
  readonly #clock: Clock;
  readonly #steps: Record<string, number> = {};
  #marked: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#marked = clock.micros();
  }

  /** Milliseconds per step, one decimal. */
  get steps(): Readonly<Record<string, number>> {
    return this.#steps;
  }

  /** Starts the next step without counting what went before. */
  restart(): void {
    this.#marked = this.#clock.micros();
  }

  mark(step: string): void {
    const now = this.#clock.micros();
    this.#steps[step] = Math.round((now - this.#marked) / 100) / 10;
    this.#marked = now;
  }
}
