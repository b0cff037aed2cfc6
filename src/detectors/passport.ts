// Passport numbers: behind the word itself, or in a machine-readable zone with its check digits (ICAO Doc 9303 part 4).
import { beginsWord } from './characters.ts';
import type { AnchoredDetector, Hit } from './detector.ts';

const NEAR = 24;
const WORD = /^passport(?:[ _-]?(?:no|num|number|id|#))?/i;
/** Issuers use seven to nine letters and digits, mostly digits. */
const NUMBER = /(?<![A-Z0-9-])(?=(?:[A-Z]{0,3}\d){5})[A-Z0-9]{7,9}(?![A-Z0-9-])/i;

/** Name line and number line of a passport's machine-readable zone. */
const NAMES = /P[A-Z<][A-Z<]{3}[A-Z]{1,38}<<[A-Z<]{1,37}(?![A-Z<])/y;
const NUMBERS = /(?:\r?\n|\\n)([A-Z0-9<]{9})(\d)[A-Z<]{3}(\d{6})(\d)[MFX<]\d{7}[A-Z0-9<]{14}[0-9<]\d/y;

/** A number line the text is cut off in. */
const CUT_NUMBERS = /^(?:\r|\r?\n[A-Z0-9<]{0,43})$/;

/** ICAO 9303-3 section 4.9: weights 7, 3, 1; letters from 10, `<` is 0. */
function check(field: string): number {
  let sum = 0;
  for (let i = 0; i < field.length; i += 1) {
    const code = field.charCodeAt(i);
    const value = code === 60 ? 0 : code < 58 ? code - 48 : code - 55;
    sum += value * ([7, 3, 1][i % 3] ?? 0);
  }
  return sum % 10;
}

/** The name line is 44 characters of a shape nothing else has; the number line has to prove itself. */
function zone(text: string, at: number): Hit | undefined {
  NAMES.lastIndex = at;
  if (!NAMES.test(text) || NAMES.lastIndex !== at + 44) return undefined;
  NUMBERS.lastIndex = at + 44;
  const found = NUMBERS.exec(text);
  if (found === null)
    return { start: at, end: CUT_NUMBERS.test(text.slice(at + 44, at + 96)) ? text.length : at + 44 };
  const [, number = '', numberCheck, birth = '', birthCheck] = found;
  const right = check(number) === Number(numberCheck) && check(birth) === Number(birthCheck);
  return { start: at, end: right ? NUMBERS.lastIndex : at + 44 };
}

export const passport: AnchoredDetector = {
  kind: 'anchored',
  type: 'passport',
  summary: 'passport numbers, where something says so, and machine-readable zones',
  byDefault: true,
  rank: 58,
  anchors: ['passport', 'p<'],
  ignoreCase: true,
  match(text, at) {
    if (text[at + 1] === '<')
      return beginsWord(text, at) && text[at - 1] !== '<' ? zone(text, at) : undefined;
    const from = at + (WORD.exec(text.slice(at, at + 24))?.[0].length ?? 8);
    const near = text.slice(from, from + NEAR + 12);
    const line = near.indexOf('\n');
    const number = NUMBER.exec(line < 0 ? near : near.slice(0, line));
    if (number === null || number.index > NEAR) return undefined;
    return { start: from + number.index, end: from + number.index + number[0].length };
  },
};
