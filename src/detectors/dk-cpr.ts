// Danish CPR numbers: birth date and serial; since 2007 without a check (CPR-kontoret).
import { announcing, numberId } from './number-id.ts';

const plausible = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

export const dkCpr = numberId({
  type: 'dk-cpr',
  summary: 'Danish CPR numbers, where something says so',
  rank: 59,
  plain: [],
  announced: [[10], [6, 4]],
  spoken: announcing('cpr', 'cpr-nr', 'personnummer'),
  valid: (digits) => plausible(Number(digits.slice(2, 4)), Number(digits.slice(0, 2))),
});
