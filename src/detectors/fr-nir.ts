// French social security numbers (NIR): thirteen digits and a key of two, 97 minus the rest modulo 97 (INSEE).
import { mod97 } from './checksums.ts';
import { numberId } from './number-id.ts';

export const frNir = numberId({
  type: 'fr-nir',
  summary: 'French social security numbers',
  rank: 66,
  plain: [[15], [1, 2, 2, 2, 3, 3, 2], [13, 2]],
  announced: [],
  valid(digits) {
    const month = Number(digits.slice(3, 5));
    if (!/^[123478]/.test(digits) || month === 0 || (month > 12 && month < 20)) return false;
    return 97 - mod97(digits.slice(0, 13)) === Number(digits.slice(13));
  },
});
