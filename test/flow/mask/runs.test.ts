// Runs of characters of one kind: the same as a regular expression finds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, nextRun, runEnd } from '../../../src/flow/mask/cells/runs.ts';

const KIND = kindOf('abc-');

function runsOf(text: string, shortest: number): [number, number][] {
  const runs: [number, number][] = [];
  for (let at = nextRun(text, KIND, shortest, 0); at >= 0; ) {
    const end = runEnd(text, KIND, at);
    runs.push([at, end]);
    at = nextRun(text, KIND, shortest, end);
  }
  return runs;
}

describe('runs of one kind', () => {
  it('are those that a regular expression finds, in any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '-', 'c', 'c', 'b', ' ', 'x', 'é', '€'),
      maxLength: 80,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (one, shortest) => {
        const wanted = [...one.matchAll(new RegExp(`[abc-]{${shortest},}`, 'g'))];
        expect(runsOf(one, shortest)).toEqual(wanted.map(({ 0: run, index }) => [index, index + run.length]));
      }),
      { numRuns: 5_000 },
    );
  });

  it('begin where one is told to look', () => {
    expect(nextRun('aaaaaa', KIND, 3, 2)).toBe(2);
    expect(nextRun('aaaaaa', KIND, 3, 4)).toBe(-1);
    expect(nextRun('', KIND, 1, 0)).toBe(-1);
  });
});
