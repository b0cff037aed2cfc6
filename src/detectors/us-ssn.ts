// United States social security numbers: three, two and four digits; nine in a row only where something says so.
import { numberId } from './number-id.ts';

export const usSsn = numberId({
  type: 'us-ssn',
  summary: 'US social security numbers',
  rank: 60,
  plain: [[3, 2, 4]],
  announced: [[9]],
  spoken: /(?<![a-z])(?:ssn|social[ _-]?sec(?:urity)?|ss[ _-]?(?:no|num|number|#))/i,
  /** Areas, groups and serials the Social Security Administration never assigns (since "randomization", 2011). */
  valid(digits) {
    const area = Number(digits.slice(0, 3));
    return (
      area > 0 && area !== 666 && area < 900 && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000'
    );
  },
});
