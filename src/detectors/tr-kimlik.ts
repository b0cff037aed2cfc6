// Turkish identity numbers: eleven digits, two checks (Nüfus ve Vatandaşlık İşleri).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const trKimlik = numberId({
  type: 'tr-kimlik',
  summary: 'Turkish identity numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[11]],
  spoken: announcing('kimlik', 'tckn', 'tc no', 't.c.', 'tc kimlik'),
  valid(digits) {
    const tenth = weighted(digits, [7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
    const sum = weighted(digits, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) % 10;
    return !digits.startsWith('0') && tenth === Number(digits[9]) && sum === Number(digits[10]);
  },
});
