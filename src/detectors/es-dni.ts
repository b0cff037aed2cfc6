// Spanish identity numbers: DNI (eight digits) and its letter, taken from the number modulo 23 (Real Decreto 1553/2005).
import { isAlphanumeric } from './characters.ts';
import type { NumberDetector } from './detector.ts';

const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** Where the check letter of eight digits ending at `end` stands: right behind, or behind one hyphen; 0 for nowhere. */
function letterEnd(text: string, end: number): number {
  const at = text.charCodeAt(end) === 45 ? end + 1 : end;
  return isAlphanumeric(text.charCodeAt(at + 1)) ? 0 : at + 1;
}

export const esDni: NumberDetector = {
  kind: 'number',
  type: 'es-dni',
  summary: 'Spanish identity numbers (DNI)',
  byDefault: true,
  rank: 61,
  fewest: 8,
  leads: [8],
  match(run, found) {
    const last = run.count - 1;
    const start = run.starts[last] ?? 0;
    const end = run.ends[last] ?? 0;
    if (end - start !== 8 || (run.separators[last] ?? 0) > 1) return;
    const done = letterEnd(run.text, end);
    if (done === 0) return;
    const letter = LETTERS[Number(run.text.slice(start, end)) % 23];
    if (run.text[done - 1]?.toUpperCase() === letter) found(start, done);
  },
};
