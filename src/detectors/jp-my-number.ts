// Japanese individual numbers ("My Number"): eleven digits and a modulus-11 check (Cabinet Office ordinance 85 of 2014).
import { weighted } from './checksums.ts';
import { announcing, numberId } from './number-id.ts';

export const jpMyNumber = numberId({
  type: 'jp-my-number',
  summary: 'Japanese individual numbers, where something says so',
  rank: 64,
  plain: [],
  announced: [[12], [4, 4, 4]],
  spoken: announcing('my number', 'mynumber', 'my_number', 'individual number', 'マイナンバー', '個人番号'),
  valid(digits) {
    const rest = weighted(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    return Number(digits[11]) === (rest <= 1 ? 0 : 11 - rest);
  },
});
