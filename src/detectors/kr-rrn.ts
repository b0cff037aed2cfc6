// Korean resident registration numbers: birth date, sex and century, and until 2020 a modulus-11 check (Ministry of the Interior and Safety).
import { weighted } from './checksums.ts';
import { SEPARATOR } from './detector.ts';
import { announcing, numberId } from './number-id.ts';

const plausible = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

export const krRrn = numberId({
  type: 'kr-rrn',
  summary: 'Korean resident registration numbers',
  rank: 63,
  plain: [[6, 7]],
  joinedBy: SEPARATOR.hyphen,
  announced: [[13]],
  spoken: announcing('rrn', 'resident registration', '주민등록번호', '주민번호'),
  valid(digits) {
    if (!plausible(Number(digits.slice(2, 4)), Number(digits.slice(4, 6)))) return false;
    return (11 - (weighted(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 === Number(digits[12]);
  },
});
