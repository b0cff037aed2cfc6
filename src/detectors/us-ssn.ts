// United States social security numbers: three, two and four digits; nine in a row only where something says so.
import { said } from './characters.ts';
import type { NumberDetector, NumberRun } from './detector.ts';
import { grouped, standsAlone } from './numbers.ts';

const SPOKEN = /\b(?:ssn|social[ _-]?sec(?:urity)?|ss[ _]?(?:no|number|#))\b/i;

/** Areas, groups and serials the Social Security Administration never assigns (20 CFR 422.103, SSA "randomization" 2011). */
function assigned(digits: string): boolean {
  const area = Number(digits.slice(0, 3));
  return area > 0 && area !== 666 && area < 900 && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}

function digitsAt(run: NumberRun, first: number, count: number): string {
  let digits = '';
  for (let i = first; i < first + count; i += 1) digits += run.text.slice(run.starts[i], run.ends[i]);
  return digits;
}

export const usSsn: NumberDetector = {
  kind: 'number',
  type: 'us-ssn',
  summary: 'US social security numbers',
  byDefault: true,
  rank: 60,
  fewest: 9,
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      const length = (run.ends[i] ?? 0) - start;
      if (length === 3 && grouped(run, i, [3, 2, 4]) !== 0 && assigned(digitsAt(run, i, 3))) {
        found(start, run.ends[i + 2] ?? 0);
        i += 2;
      } else if (
        length === 9 &&
        standsAlone(run, i) &&
        assigned(digitsAt(run, i, 1)) &&
        said(run.text, start, SPOKEN)
      ) {
        found(start, run.ends[i] ?? 0);
      }
    }
  },
};
