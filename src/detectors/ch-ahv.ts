// Swiss social security numbers (AHV/AVS): 756, nine digits, the check of EAN-13 (ZAS).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const chAhv = numberId({
  type: 'ch-ahv',
  summary: 'Swiss social security numbers',
  rank: 66,
  plain: [[3, 4, 4, 2]],
  announced: [[13]],
  spoken: announcing('ahv', 'avs', 'svnr', 'sozialversicherung'),
  valid: (digits) =>
    digits.startsWith('756') && weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
});
