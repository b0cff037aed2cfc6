// Character classes for detectors, right both for UTF-16 text and for UTF-8 bytes decoded as Latin-1.
// Everything above 0x7f is outside ASCII words: a number written against a non-ASCII letter is still found.

const DIGIT = 1;
const UPPER = 2;
const LOWER = 4;
const BASE64URL = 8;
const SPACE = 16;
const HEX = 32;
const BASE64 = 64;

const CLASS = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const letter = String.fromCharCode(code);
  if (/[0-9]/.test(letter)) CLASS[code] = (CLASS[code] ?? 0) | DIGIT | HEX | BASE64 | BASE64URL;
  if (/[A-Z]/.test(letter)) CLASS[code] = (CLASS[code] ?? 0) | UPPER | BASE64 | BASE64URL;
  if (/[a-z]/.test(letter)) CLASS[code] = (CLASS[code] ?? 0) | LOWER | BASE64 | BASE64URL;
  if (/[A-Fa-f]/.test(letter)) CLASS[code] = (CLASS[code] ?? 0) | HEX;
  if (letter === '-' || letter === '_') CLASS[code] = (CLASS[code] ?? 0) | BASE64URL;
  if (letter === '+' || letter === '/' || letter === '=') CLASS[code] = (CLASS[code] ?? 0) | BASE64;
  if (/[\t\n\v\f\r ]/.test(letter)) CLASS[code] = (CLASS[code] ?? 0) | SPACE;
}

function is(code: number, classes: number): boolean {
  return code < 128 && ((CLASS[code] ?? 0) & classes) !== 0;
}

export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isUpper = (code: number): boolean => code >= 65 && code <= 90;
export const isLetter = (code: number): boolean => is(code, UPPER | LOWER);
export const isAlphanumeric = (code: number): boolean => is(code, DIGIT | UPPER | LOWER);
/** Letter, digit or underscore. NaN, which is what stands before the start and after the end, is none. */
export const isWord = (code: number): boolean => is(code, DIGIT | UPPER | LOWER) || code === 95;
export const isBase64Url = (code: number): boolean => is(code, BASE64URL);
export const isBase64 = (code: number): boolean => is(code, BASE64);
export const isHex = (code: number): boolean => is(code, HEX);
export const isSpace = (code: number): boolean => is(code, SPACE);

/** Whether the letter at `at` belongs to an escape such as `\\n` in JSON or source text, and so to no word. */
export function isEscapeLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // n, r, t, b, f, v
  const known = code === 110 || code === 114 || code === 116 || code === 98 || code === 102 || code === 118;
  return known && text.charCodeAt(at - 1) === 92;
}

/** Whether no ASCII letter or digit stands before `at`, escapes aside. */
export function beginsWord(text: string, at: number): boolean {
  return !isAlphanumeric(text.charCodeAt(at - 1)) || isEscapeLetter(text, at - 1);
}

/** First index at or after `at` whose character is not of the class, at most `limit` characters on. */
export function runEnd(text: string, at: number, of: (code: number) => boolean, limit: number): number {
  const stop = Math.min(text.length, at + limit);
  let end = at;
  while (end < stop && of(text.charCodeAt(end))) end += 1;
  return end;
}

/** The ASCII digits in [start, end), separators left out. */
export function digitsIn(text: string, start: number, end: number): string {
  let digits = '';
  for (let i = start; i < end; i += 1) if (isDigit(text.charCodeAt(i))) digits += text[i];
  return digits;
}

/** Characters before a value in which a word that says what it is may stand. */
const CONTEXT = 40;

/** Whether one of the words (a global-free, case-insensitive RegExp) stands shortly before `at` on the same line. */
export function said(text: string, at: number, words: RegExp): boolean {
  const from = Math.max(0, at - CONTEXT);
  const before = text.slice(from, at);
  return words.test(before.slice(before.lastIndexOf('\n') + 1));
}
