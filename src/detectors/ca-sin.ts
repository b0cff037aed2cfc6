// Canadian social insurance numbers: nine digits with a Luhn check, never starting with 0 or 8 (Service Canada).
import { luhn } from './checksums.ts';
import { numberId } from './number-id.ts';

export const caSin = numberId({
  type: 'ca-sin',
  summary: 'Canadian social insurance numbers, where something says so',
  rank: 63,
  plain: [],
  announced: [[9], [3, 3, 3]],
  spoken: /(?<![a-z])(?:sin|nas|social[ _-]?insurance|assurance sociale)(?![a-z])/i,
  valid: (digits) => !/^[08]/.test(digits) && luhn(digits),
});
