// Australian Medicare card numbers: eight digits, a weighted check, the issue number (Services Australia).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const auMedicare = numberId({
  type: 'au-medicare',
  summary: 'Australian Medicare card numbers',
  rank: 58,
  plain: [],
  announced: [[10], [11], [4, 5, 1]],
  spoken: announcing('medicare'),
  valid: (digits) =>
    /^[2-6]/.test(digits) && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits[8]),
});
