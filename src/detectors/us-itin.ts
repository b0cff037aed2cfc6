// United States individual taxpayer identification numbers: like a social security number, area 900 to 999.
import { numberId } from './number-id.ts';

export const usItin = numberId({
  type: 'us-itin',
  summary: 'US individual taxpayer identification numbers',
  rank: 60,
  plain: [[3, 2, 4]],
  announced: [[9]],
  spoken: /(?<![a-z])(?:itin|tin|tax(?:payer)?[ _-]?id)/i,
  /** Fourth and fifth digits as IRS publication 4757 lists them: 50-65, 70-88, 90-92, 94-99. */
  valid(digits) {
    const group = Number(digits.slice(3, 5));
    const known =
      (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93);
    return digits.startsWith('9') && known;
  },
});
