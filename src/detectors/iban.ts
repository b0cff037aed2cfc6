// International bank account numbers (ISO 13616): country, its length, mod 97, with or without groups of four.
import { beginsWord, isAlphanumeric, isDigit } from './characters.ts';
import { mod97 } from './checksums.ts';
import type { LetteredDetector } from './detector.ts';

/** SWIFT IBAN registry, release 99: total length by country. */
const LENGTHS: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
});

/** Characters of one space, no-break space (also as bytes) or hyphen at `at`; 0 when there is none. */
function gap(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x20 || code === 0x2d || code === 0xa0) return 1;
  return code === 0xc2 && text.charCodeAt(at + 1) === 0xa0 ? 2 : 0;
}

/** Reads `length` letters and digits, single gaps allowed between them; the end, or 0. */
function accountEnd(text: string, at: number, length: number): number {
  let seen = 0;
  let i = at;
  for (;;) {
    if (!isAlphanumeric(text.charCodeAt(i))) return 0;
    seen += 1;
    i += 1;
    if (seen === length) return isAlphanumeric(text.charCodeAt(i)) ? 0 : i;
    i += gap(text, i);
  }
}

function charactersIn(text: string, start: number, end: number): string {
  let characters = '';
  for (let i = start; i < end; i += 1) if (isAlphanumeric(text.charCodeAt(i))) characters += text[i];
  return characters;
}

export const iban: LetteredDetector = {
  kind: 'lettered',
  type: 'iban',
  summary: 'bank account numbers, by country length and mod 97',
  byDefault: true,
  rank: 80,
  letters: [2],
  match(text, at) {
    if (!beginsWord(text, at) || !isDigit(text.charCodeAt(at + 3))) return undefined;
    const length = LENGTHS[text.slice(at, at + 2).toUpperCase()];
    if (length === undefined) return undefined;
    const end = accountEnd(text, at, length);
    if (end === 0) return undefined;
    return mod97(charactersIn(text, at + 4, end) + text.slice(at, at + 4)) === 1
      ? { start: at, end }
      : undefined;
  },
};
