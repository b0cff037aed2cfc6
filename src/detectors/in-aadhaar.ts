// Indian Aadhaar numbers: twelve digits with Verhoeff's check, never starting with 0 or 1 (UIDAI).
import { verhoeff } from './checksums.ts';
import { numberId } from './number-id.ts';

export const inAadhaar = numberId({
  type: 'in-aadhaar',
  summary: 'Indian Aadhaar numbers',
  rank: 64,
  plain: [[4, 4, 4]],
  announced: [[12]],
  spoken: /(?<![a-z])(?:aadhaa?r|uidai|uid)/i,
  valid: (digits) => digits >= '2' && verhoeff(digits),
});
