// Dates of birth: a plausible date shortly behind a word that says so. A date alone is not one.
import { beginsWord } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

/** Characters between the word and its date. */
const NEAR = 24;
const WORD = /^(?:birth(?:[ _-]?da(?:te|y))?|dob|born|geburts(?:datum|tag)|naissance|nacimiento|nascita)/i;
const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}';
const DATE = new RegExp(
  `(?<![\\d])(?:((?:19|20)\\d\\d)[-/.](\\d{1,2})[-/.](\\d{1,2})|(\\d{1,2})[-/.](\\d{1,2})[-/.]((?:19|20)?\\d\\d)|\\d{1,2}(?:st|nd|rd|th)?[ -]${MONTH}[ -,]{1,2}(?:19|20)\\d\\d|${MONTH} \\d{1,2},? (?:19|20)\\d\\d|(?:19|20)\\d\\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01]))(?!\\d)`,
  'i',
);

function plausible(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const low = Math.min(Number(a), Number(b));
  const high = Math.max(Number(a), Number(b));
  return low >= 1 && low <= 12 && high >= 1 && high <= 31;
}

export const dateOfBirth: AnchoredDetector = {
  kind: 'anchored',
  type: 'date-of-birth',
  summary: 'dates of birth, where something says so',
  byDefault: true,
  rank: 45,
  anchors: ['birth', 'dob', 'born', 'geburts', 'naissance', 'nacimiento', 'nascita'],
  ignoreCase: true,
  match(text, at) {
    const word = WORD.exec(text.slice(at, at + 16))?.[0] ?? '';
    if (word === '' || (/^(?:dob|born)$/i.test(word) && !beginsWord(text, at))) return undefined;
    const from = at + word.length;
    const near = text.slice(from, from + NEAR + 20);
    const line = near.indexOf('\n');
    const date = DATE.exec(line < 0 ? near : near.slice(0, line));
    if (date === null || date.index > NEAR) return undefined;
    if (!plausible(date[2] ?? date[4], date[3] ?? date[5])) return undefined;
    const start = from + date.index;
    return { start, end: start + date[0].length };
  },
};
