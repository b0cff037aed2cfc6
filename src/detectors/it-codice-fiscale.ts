// Italian tax codes: sixteen characters, the last one a check over odd and even places (D.M. 23 dicembre 1976).
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { LetteredDetector } from './detector.ts';

/** Digits may be written as these letters where two people would share a code ("omocodia"). */
const SHAPE = /[A-Z]{6}\d[0-9LMNPQRSTUV][ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]/iy;

/** Values of 0-9 and A-Z at odd places. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function check(code: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i += 1) {
    const character = code.charCodeAt(i);
    const value = character < 58 ? character - 48 : character - 65;
    sum += i % 2 === 0 ? (ODD[value] ?? 0) : value;
  }
  return code.charCodeAt(15) - 65 === sum % 26;
}

export const itCodiceFiscale: LetteredDetector = {
  kind: 'lettered',
  type: 'it-codice-fiscale',
  summary: 'Italian tax codes',
  byDefault: true,
  rank: 70,
  letters: [6],
  match(text, at) {
    SHAPE.lastIndex = at;
    if (!beginsWord(text, at) || !SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    const right = !isAlphanumeric(text.charCodeAt(end)) && check(text.slice(at, end).toUpperCase());
    return right ? { start: at, end } : undefined;
  },
};
