// United Kingdom NHS numbers: ten digits, the last one a modulus-11 check (NHS Data Dictionary, "NHS NUMBER").
import { weighted } from './checksums.ts';
import { SEPARATOR } from './detector.ts';
import { numberId } from './number-id.ts';

export const ukNhs = numberId({
  type: 'uk-nhs',
  summary: 'UK NHS numbers',
  rank: 62,
  plain: [[3, 3, 4]],
  joinedBy: SEPARATOR.space,
  announced: [[10]],
  spoken: /(?<![a-z])nhs/i,
  valid(digits) {
    const check = (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
    return check !== 10 && check === digits.charCodeAt(9) - 48 && !/^(\d)\1+$/.test(digits);
  },
});
