// Romanian personal numbers (CNP): sex and century, birth date, county, serial, modulus 11 (Legea 105/1996).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

const plausible = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

export const roCnp = numberId({
  type: 'ro-cnp',
  summary: 'Romanian personal numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[13]],
  spoken: announcing('cnp', 'cod numeric'),
  valid(digits) {
    const rest = weighted(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    return (
      plausible(Number(digits.slice(3, 5)), Number(digits.slice(5, 7))) &&
      Number(digits[12]) === (rest === 10 ? 1 : rest)
    );
  },
});
