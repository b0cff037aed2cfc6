// Card security codes: three or four digits behind a word that says so. PCI DSS 3.3.1 forbids to keep them at all.
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

const WORD =
  /(?:cv[vcnd]|csc)2?(?:[ _-]?(?:code|number|num|no|value))?|card[ _-]?(?:security|verification)[ _-]?(?:code|value|number)|security[ _-]?code/iy;

/** Quotes, a sign of assignment or a blank, and then the code alone. */
const CODE = /["'\\]{0,3}(?:\s{0,2}(?::?=>?|:)\s{0,3}|\s(?:is\s|of\s)?)["'\\]{0,3}(\d{3,4})(?!\w|[.,:/-]\d)/y;

export const cardCode: AnchoredDetector = {
  kind: 'anchored',
  type: 'card-code',
  summary: 'card security codes, where something says so',
  byDefault: true,
  rank: 44,
  anchors: ['cvv', 'cvc', 'cvn', 'cvd', 'csc', 'card', 'security'],
  ignoreCase: true,
  match(text, at) {
    WORD.lastIndex = at;
    if (!WORD.test(text) || !beginsWord(text, at) || isAlphanumeric(text.charCodeAt(WORD.lastIndex)))
      return undefined;
    CODE.lastIndex = WORD.lastIndex;
    const [, code] = CODE.exec(text) ?? [];
    return code === undefined ? undefined : { start: CODE.lastIndex - code.length, end: CODE.lastIndex };
  },
};
