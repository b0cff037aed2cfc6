// Dutch citizen service numbers: nine digits, "11-test" with the last weight negative (Logisch Ontwerp BSN).
import { weighted } from './checksums.ts';
import { numberId } from './number-id.ts';

export const nlBsn = numberId({
  type: 'nl-bsn',
  summary: 'Dutch citizen service numbers, where something says so',
  rank: 61,
  plain: [],
  announced: [[9], [4, 2, 3]],
  spoken: /(?<![a-z])(?:bsn|burger[ _-]?service|sofi)/i,
  valid: (digits) => digits !== '000000000' && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
});
