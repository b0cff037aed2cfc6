import { describe, expect, it } from 'vitest';
import { formatBytes, formatSpan, parseWhen } from '../../src/lib/when.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('times as people type them', () => {
  it.each([
    ['30d', '2026-01-30T12:00:00.000Z'],
    ['2h', '2026-03-01T10:00:00.000Z'],
    ['90s', '2026-03-01T11:58:30.000Z'],
    ['1w', '2026-02-22T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.000Z'],
    ['2026-01-31T23:59+02:00', '2026-01-31T21:59:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseWhen(text, NOW) ?? 0).toISOString()).toBe(expected);
  });

  it.each([
    'yesterday',
    '30',
    'd',
    '-1d',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31 10:00',
    '2026-01-31T10:00',
    '',
  ])('%j is no time', (text) => {
    expect(parseWhen(text, NOW)).toBeUndefined();
  });

  it('are printed with the two units that matter', () => {
    expect([0, 999, 61_000, 3_600_000, 90_061_000].map(formatSpan)).toEqual([
      '0s',
      '1s',
      '1m 1s',
      '1h',
      '1d 1h',
    ]);
    expect([0, 999, 1_000, 12_345_678].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '12.3 MB']);
  });
});
