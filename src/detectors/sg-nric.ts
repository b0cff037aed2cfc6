// Singapore NRIC and FIN numbers: a letter, seven digits, a check letter (Immigration and Checkpoints Authority).
import { beginsWord, isAlphanumeric } from './characters.ts';
import { weighted } from './checksums.ts';
import type { LetteredDetector } from './detector.ts';

const SHAPE = /[STFGM]\d{7}[A-Z]/y;
const CITIZENS = 'JZIHGFEDCBA';
const FOREIGNERS = 'XWUTRQPNMLK';
const SINCE_2022 = 'KLJNPQRTUWX';

function check(code: string): boolean {
  const [first = ''] = code;
  const sum = weighted(code.slice(1), [2, 7, 6, 5, 4, 3, 2]) + (first === 'T' || first === 'G' ? 4 : 0);
  if (first === 'M') return SINCE_2022[10 - ((sum + 3) % 11)] === code[8];
  return ('ST'.includes(first) ? CITIZENS : FOREIGNERS)[sum % 11] === code[8];
}

export const sgNric: LetteredDetector = {
  kind: 'lettered',
  type: 'sg-nric',
  summary: 'Singapore NRIC and FIN numbers',
  byDefault: true,
  rank: 61,
  letters: [1],
  match(text, at) {
    SHAPE.lastIndex = at;
    if (!beginsWord(text, at) || !SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    return isAlphanumeric(text.charCodeAt(end)) || !check(text.slice(at, end))
      ? undefined
      : { start: at, end };
  },
};
