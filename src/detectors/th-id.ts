// Thai identity numbers: thirteen digits, modulus 11 (Department of Provincial Administration).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const thId = numberId({
  type: 'th-id',
  summary: 'Thai identity numbers',
  rank: 62,
  plain: [[1, 4, 5, 2, 1]],
  announced: [[13]],
  spoken: announcing('thai id', 'national id', 'citizen id', 'ประชาชน', 'tnin'),
  valid: (digits) =>
    !digits.startsWith('0') &&
    (11 - (weighted(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(digits[12]),
});
