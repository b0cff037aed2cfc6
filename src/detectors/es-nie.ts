// Spanish numbers of foreigners: X, Y or Z, seven digits and the DNI's check letter with the first letter read as 0 to 2.
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { LetteredDetector } from './detector.ts';

const LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';
const SHAPE = /[XYZ]\d{7}-?[A-Z]/iy;

export const esNie: LetteredDetector = {
  kind: 'lettered',
  type: 'es-nie',
  summary: 'Spanish numbers of foreigners (NIE)',
  byDefault: true,
  rank: 61,
  letters: [1],
  match(text, at) {
    SHAPE.lastIndex = at;
    if (!beginsWord(text, at) || !SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    const number = Number(`${'XYZ'.indexOf((text[at] ?? '').toUpperCase())}${text.slice(at + 1, at + 8)}`);
    const right =
      text[end - 1]?.toUpperCase() === LETTERS[number % 23] && !isAlphanumeric(text.charCodeAt(end));
    return right ? { start: at, end } : undefined;
  },
};
