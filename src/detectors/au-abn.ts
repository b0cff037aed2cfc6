// Australian business numbers: eleven digits, modulus 89 (Australian Business Register).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const auAbn = numberId({
  type: 'au-abn',
  summary: 'Australian business numbers, where something says so',
  rank: 62,
  plain: [],
  announced: [[11], [2, 3, 3, 3]],
  spoken: announcing('abn', 'business number'),
  valid: (digits) => (weighted(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0,
});
