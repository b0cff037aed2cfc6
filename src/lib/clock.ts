// The only place that reads the time. Everything else is given a Clock, so that tests own it.

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Wall clock in microseconds since the Unix epoch; never runs backwards within this process. */
  micros(): number;
  /** Monotonic nanoseconds; only differences mean anything. */
  monotonic(): bigint;
}

let last = 0;

/**
 * Derives microseconds from one wall reading plus the monotonic clock, re-anchored when the wall clock jumps. The first reading is the
 * system's own, taken when the process began, to the microsecond: recorders of one session are merged by these times.
 */
let anchorWall = performance.timeOrigin;
let anchorMono = 0;

/** Milliseconds by which the wall clock may differ before it counts as set. */
const JUMP = 50;

function microsNow(): number {
  const mono = performance.now();
  const wall = Date.now();
  // Whoever was kept waiting between the two readings has not seen the clock being set.
  if (Math.abs(wall - (anchorWall + (mono - anchorMono))) > JUMP && performance.now() - mono < 1) {
    anchorWall = wall;
    anchorMono = mono;
  }
  const value = Math.floor((anchorWall + (mono - anchorMono)) * 1000);
  last = value > last ? value : last + 1;
  return last;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  micros: microsNow,
  monotonic: () => process.hrtime.bigint(),
};

let cachedSecond = -1;
let cachedPrefix = '';

/** RFC 3339 in UTC with six decimals, for example 2026-01-31T23:59:59.123456Z. */
export function timestamp(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedPrefix = new Date(second * 1000).toISOString().slice(0, 19);
  }
  return `${cachedPrefix}.${String(micros - second * 1_000_000).padStart(6, '0')}Z`;
}
