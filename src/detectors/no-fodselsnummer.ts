// Norwegian birth numbers: birth date, serial and two modulus-11 checks (Skatteetaten).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const noFodselsnummer = numberId({
  type: 'no-fodselsnummer',
  summary: 'Norwegian birth numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[11], [6, 5]],
  spoken: announcing('fødselsnummer', 'fodselsnummer', 'fødselsnr', 'fodselsnr', 'personnummer', 'fnr'),
  valid: (digits) =>
    weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
});
