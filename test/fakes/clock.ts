// A clock that stands still until it is told to move.
import type { Clock } from '../../src/lib/clock.ts';

export interface FakeClock extends Clock {
  /** Moves by milliseconds. */
  advance(milliseconds: number): void;
}

export function fakeClock(start = Date.parse('2026-03-01T09:00:00Z')): FakeClock {
  let micros = start * 1000;
  return {
    advance: (milliseconds) => {
      micros += milliseconds * 1000;
    },
    now: () => Math.floor(micros / 1000),
    // Every reading is one microsecond later, as the real one promises.
    micros: () => micros++,
    monotonic: () => BigInt(micros) * 1000n,
  };
}
