// German tax identification numbers: eleven digits, ISO 7064 mod 11,10, one digit repeated (§ 139b AO, BZSt).
import { mod11by10 } from './checksums.ts';
import { numberId } from './number-id.ts';

/** Of the first ten digits exactly one occurs two or three times; of the others at most one is missing per repeat. */
function repeatsOnce(digits: string): boolean {
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10; i += 1) {
    const digit = digits.charCodeAt(i) - 48;
    counts[digit] = (counts[digit] ?? 0) + 1;
  }
  const repeated = counts.filter((count) => count > 1);
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3;
}

export const deSteuerId = numberId({
  type: 'de-steuer-id',
  summary: 'German tax identification numbers',
  rank: 63,
  plain: [[2, 3, 3, 3]],
  announced: [[11]],
  spoken: /(?<![a-z])(?:steuer|id-?nr|ident|tax[ _-]?id|tin)/i,
  valid: (digits) => !digits.startsWith('0') && repeatsOnce(digits) && mod11by10(digits),
});
