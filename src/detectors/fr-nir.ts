// French social security numbers (NIR): thirteen places and a key of two, 97 minus the rest modulo 97 (INSEE). Corsica's are written
// 2A and 2B, and stand for 19 and 18 in the key.
import { isAlphanumeric } from './characters.ts';
import { mod97 } from './checksums.ts';
import type { NumberDetector } from './detector.ts';
import { numberId } from './number-id.ts';

function valid(digits: string): boolean {
  const month = Number(digits.slice(3, 5));
  if (!/^[123478]/.test(digits) || month === 0 || (month > 12 && month < 20)) return false;
  return 97 - mod97(digits.slice(0, 13)) === Number(digits.slice(13));
}

const CORSICA = /[123478] ?\d\d ?\d\d ?2[AB] ?\d{3} ?\d{3} ?\d\d/iy;

/** In the place of the letter. */
const stood = (digits: string): string => digits.replace(/2a/i, '19').replace(/2b/i, '18');

const plainly = numberId({
  type: 'fr-nir',
  summary: 'French social security numbers',
  rank: 66,
  plain: [[15], [1, 2, 2, 2, 3, 3, 2], [13, 2]],
  announced: [],
  valid,
});

export const frNir: NumberDetector = {
  ...plainly,
  fewest: 6,
  leads: [...plainly.leads, 6],
  match(run, found) {
    const { text } = run;
    const start = run.starts[0] ?? 0;
    CORSICA.lastIndex = start;
    if (CORSICA.test(text) && !isAlphanumeric(text.charCodeAt(start - 1))) {
      const end = CORSICA.lastIndex;
      const digits = stood(text.slice(start, end).replaceAll(' ', ''));
      if (!isAlphanumeric(text.charCodeAt(end)) && valid(digits)) {
        found(start, end);
        return;
      }
    }
    plainly.match(run, found);
  },
};
