// Australian tax file numbers: nine digits whose weighted sum is a multiple of eleven (Australian Taxation Office).
import { weighted } from './checksums.ts';
import { numberId } from './number-id.ts';

export const auTfn = numberId({
  type: 'au-tfn',
  summary: 'Australian tax file numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[9], [3, 3, 3]],
  spoken: /(?<![a-z])(?:tfn|tax[ _-]?file)/i,
  valid: (digits) => digits !== '000000000' && weighted(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
});
