// Lines full of numbers and identifiers that are nobody's secret: hardly any may be taken for one.
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../src/detectors/index.ts';

/** A small generator of its own, so that every run sees the same lines. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const next = numbers(7);
const hex = (size: number): string => Array.from({ length: size }, () => next(16).toString(16)).join('');
const digits = (size: number): string => Array.from({ length: size }, () => String(next(10))).join('');

const KINDS: Readonly<Record<string, () => string>> = {
  uuids: () => `id=${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  'commits and digests': () => `commit ${hex(40)} sha256:${hex(64)} md5 ${hex(32)}`,
  'milliseconds and seconds': () => `ts=1${digits(12)} at 17${digits(8)}`,
  dates: () =>
    `2024-0${1 + next(9)}-1${next(10)}T1${next(10)}:${10 + next(50)}:${10 + next(50)}.${digits(6)}Z`,
  'order numbers': () =>
    `order ORD-2024-${digits(6)} invoice INV${digits(8)} total ${next(999)}.${digits(2)}`,
  versions: () =>
    `v${next(20)}.${next(40)}.${next(99)} build ${next(9)}.${next(9)}.${next(999)}.${next(9999)}`,
  'log lines': () =>
    `pid=${digits(5)} took ${digits(3)}ms rows=${digits(4)} size=${digits(7)} port ${digits(5)}`,
  coordinates: () => `${next(90)}.${digits(6)},-${next(180)}.${digits(6)}`,
  'placeholders of secrets': () =>
    [
      'password=********',
      'api_key: "<YOUR_API_KEY>"',
      'token=${TOKEN}',
      'SECRET_KEY = os.environ["SECRET_KEY"]',
    ][next(4)] ?? '',
};

describe('what only looks like a secret', () => {
  const scanner = createScanner();
  const LINES = 2_000;
  it.each(Object.keys(KINDS))('leaves %s alone, in all but one of a hundred lines', (kind) => {
    const found = Array.from({ length: LINES }, () => KINDS[kind]?.() ?? '').flatMap((line) =>
      scanner.scan(line).map((span) => `${span.type}: ${line.slice(span.start, span.end)}`),
    );
    expect(found.length, found.slice(0, 5).join('\n')).toBeLessThan(LINES / 100);
  });
});
