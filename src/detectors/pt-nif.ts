// Portuguese tax numbers: nine digits, modulus 11 (Autoridade Tributária).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const ptNif = numberId({
  type: 'pt-nif',
  summary: 'Portuguese tax numbers, where something says so',
  rank: 61,
  plain: [],
  announced: [[9], [3, 3, 3]],
  spoken: announcing('nif', 'contribuinte', 'número fiscal', 'numero fiscal', 'vat pt'),
  valid(digits) {
    const rest = 11 - (weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
    return /^[1-35689]/.test(digits) && Number(digits[8]) === (rest > 9 ? 0 : rest);
  },
});
