// Chinese resident identity numbers: region, birth date, serial, ISO 7064 mod 11-2 check, which may be X (GB 11643-1999).
import { beginsWord, isAlphanumeric } from './characters.ts';
import { weighted } from './checksums.ts';
import type { NumberDetector } from './detector.ts';

const SHAPE = /[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]/y;
const CHECKS = '10X98765432';

export const cnResidentId: NumberDetector = {
  kind: 'number',
  type: 'cn-resident-id',
  summary: 'Chinese resident identity numbers',
  byDefault: true,
  rank: 82,
  fewest: 17,
  leads: [17, 18],
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      const end = start + 18;
      SHAPE.lastIndex = start;
      if (!SHAPE.test(run.text) || !beginsWord(run.text, start) || isAlphanumeric(run.text.charCodeAt(end)))
        continue;
      const sum = weighted(
        run.text.slice(start, start + 17),
        [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
      );
      if (CHECKS[sum % 11] === run.text.slice(start + 17, start + 18).toUpperCase()) found(start, end);
    }
  },
};
