// Mexican population registry codes (CURP): letters of the name, birth date, sex, state, consonants, check digit (RENAPO).
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { LetteredDetector } from './detector.ts';

const SHAPE =
  /[A-Z]{4}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d/y;
/** Ñ has a value of its own between N and O. */
const VALUES = '0123456789ABCDEFGHIJKLMN#OPQRSTUVWXYZ';

function check(code: string): boolean {
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += VALUES.indexOf(code[i] ?? '') * (18 - i);
  return (10 - (sum % 10)) % 10 === Number(code[17]);
}

export const mxCurp: LetteredDetector = {
  kind: 'lettered',
  type: 'mx-curp',
  summary: 'Mexican population registry codes',
  byDefault: true,
  rank: 70,
  letters: [4],
  match(text, at) {
    SHAPE.lastIndex = at;
    if (!beginsWord(text, at) || !SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    return isAlphanumeric(text.charCodeAt(end)) || !check(text.slice(at, end))
      ? undefined
      : { start: at, end };
  },
};
