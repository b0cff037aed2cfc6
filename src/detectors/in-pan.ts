// Indian permanent account numbers: five letters, the fourth saying who holds it, four digits, a letter (Income Tax Department).
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { LetteredDetector } from './detector.ts';

const SHAPE = /[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]/y;

export const inPan: LetteredDetector = {
  kind: 'lettered',
  type: 'in-pan',
  summary: 'Indian permanent account numbers',
  byDefault: true,
  rank: 58,
  letters: [5],
  match(text, at) {
    SHAPE.lastIndex = at;
    if (!beginsWord(text, at) || !SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    return isAlphanumeric(text.charCodeAt(end)) ? undefined : { start: at, end };
  },
};
