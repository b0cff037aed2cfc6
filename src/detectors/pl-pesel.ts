// Polish PESEL numbers: birth date with the century in the month, serial, weighted check (Ministry of Digital Affairs).
import { weighted } from './checksums.ts';
import { numberId } from './number-id.ts';

export const plPesel = numberId({
  type: 'pl-pesel',
  summary: 'Polish PESEL numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[11]],
  spoken: /(?<![a-z])pesel/i,
  valid(digits) {
    const month = Number(digits.slice(2, 4)) % 20;
    const day = Number(digits.slice(4, 6));
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
  },
});
