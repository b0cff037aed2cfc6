// United Kingdom national insurance numbers: two letters, six digits, a letter A to D (HMRC manual NIM39110).
import { beginsWord, isAlphanumeric } from './characters.ts';
import { type Hit, type LetteredDetector, type NumberDetector, SEPARATOR } from './detector.ts';
import { grouped } from './numbers.ts';

const SHAPE = /(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]/iy;

function number(text: string, at: number): Hit | undefined {
  if (!beginsWord(text, at)) return undefined;
  SHAPE.lastIndex = at;
  const end = SHAPE.test(text) ? SHAPE.lastIndex : 0;
  if (end === 0 || isAlphanumeric(text.charCodeAt(end))) return undefined;
  // One case throughout: mixed case is a random identifier.
  const letters = text.slice(at, at + 2) + text[end - 1];
  return letters === letters.toUpperCase() || letters === letters.toLowerCase()
    ? { start: at, end }
    : undefined;
}

const row = {
  type: 'uk-nino',
  summary: 'UK national insurance numbers',
  byDefault: true,
  rank: 60,
} as const;

export const ukNino: LetteredDetector = { ...row, kind: 'lettered', letters: [2], match: number };

/** Written `AB 12 34 56 C`: the letters stand apart from the digits. */
export const ukNinoSpaced: NumberDetector = {
  ...row,
  kind: 'number',
  fewest: 6,
  leads: [2, 6],
  match(run, found) {
    const start = run.starts[0] ?? 0;
    if (run.text.charCodeAt(start - 1) !== 32) return;
    const six = (run.ends[0] ?? 0) - start === 6;
    if (!six && grouped(run, 0, [2, 2, 2]) !== SEPARATOR.space) return;
    const hit = number(run.text, start - 3);
    if (hit !== undefined) found(hit.start, hit.end);
  },
};
