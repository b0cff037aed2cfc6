// South African identity numbers: birth date, serial, citizenship, Luhn (Department of Home Affairs).
import { luhn } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

const plausible = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

export const zaId = numberId({
  type: 'za-id',
  summary: 'South African identity numbers, where something says so',
  rank: 62,
  plain: [],
  announced: [[13], [6, 4, 3]],
  spoken: announcing(
    'id number',
    'id no',
    'identity number',
    'id_number',
    'south african id',
    'sa id',
    'rsa id',
  ),
  valid: (digits) =>
    plausible(Number(digits.slice(2, 4)), Number(digits.slice(4, 6))) &&
    /^[01]$/.test(digits[10] ?? '') &&
    luhn(digits),
});
