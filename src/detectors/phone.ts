// Telephone numbers: international behind a `+`, North American as written there, national ones where something says so.
import { beginsWord, digitsIn, isAlphanumeric, isDigit, isWord } from './characters.ts';
import { type AnchoredDetector, type Hit, type NumberDetector, SEPARATOR } from './detector.ts';
import { grouped } from './numbers.ts';
import { isDialled, isInternational, isNorthAmerican } from './phone-plan.ts';

const type = 'phone';
const rank = 55;

/** Characters of a number as written: digits, and at most two of ` ` `-` `.` `(` `)` `/` or a no-break space between them. */
function writtenEnd(text: string, from: number, most: number): number {
  let end = from;
  let gap = 0;
  let digits = 0;
  for (let i = from; digits <= most && gap < 3; i += 1) {
    const code = text.charCodeAt(i);
    if (isDigit(code)) {
      digits += 1;
      gap = 0;
      end = i + 1;
    } else if (
      code === 32 ||
      code === 45 ||
      code === 46 ||
      code === 47 ||
      code === 40 ||
      code === 41 ||
      code === 0xa0 ||
      code === 0xc2
    )
      gap += 1;
    else break;
  }
  return end;
}

/** The longest stretch from `from` that is a number; trailing groups that belong to something else are given back. */
function longest(text: string, from: number, end: number, valid: (digits: string) => boolean): number {
  let last = end;
  for (let tries = 0; tries < 4 && last > from; tries += 1) {
    const digits = digitsIn(text, from, last);
    if (digits.length < 7) return 0;
    if (digits.length <= 17 && valid(digits)) return last;
    while (last > from && isDigit(text.charCodeAt(last - 1))) last -= 1;
    while (last > from && !isDigit(text.charCodeAt(last - 1))) last -= 1;
  }
  return 0;
}

export const phone: AnchoredDetector = {
  kind: 'anchored',
  type,
  summary: 'telephone numbers with their country code, North American ones, others where something says so',
  byDefault: true,
  rank,
  anchors: ['+'],
  match(text, at) {
    const first = text.charCodeAt(at + 1);
    if (first < 49 || first > 57 || isAlphanumeric(text.charCodeAt(at - 1))) {
      // `tel:+44…` in a URL and `\n+44…` in JSON are words before it; `1+2` and `x+1` are arithmetic.
      if (first < 49 || first > 57 || !beginsWord(text, at)) return undefined;
    }
    const end = longest(text, at + 1, writtenEnd(text, at + 1, 16), isInternational);
    return end === 0 || isWord(text.charCodeAt(end)) ? undefined : { start: at, end };
  },
};

/** `(415) ` before a run of three and four digits; where it starts, or -1. */
function areaBefore(text: string, start: number): number {
  const area = text.charCodeAt(start - 1) === 32 ? start - 6 : start - 5;
  const right = text.charCodeAt(area) === 40 && text.charCodeAt(area + 4) === 41;
  return area >= 0 && right && isDigit(text.charCodeAt(area + 1)) ? area : -1;
}

export const phoneNorthAmerica: NumberDetector = {
  kind: 'number',
  type,
  summary: 'North American telephone numbers',
  byDefault: true,
  rank,
  fewest: 7,
  leads: [3],
  match(run, found) {
    for (let i = 0; i + 1 < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      if ((run.ends[i] ?? 0) - start !== 3) continue;
      const separator = grouped(run, i, [3, 3, 4]);
      if (separator === SEPARATOR.hyphen || separator === SEPARATOR.dot) {
        const end = run.ends[i + 2] ?? 0;
        if (isNorthAmerican(digitsIn(run.text, start, end))) found(start, end);
        i += 2;
      } else if (i === 0 && grouped(run, i, [3, 4]) !== 0) {
        const area = areaBefore(run.text, start);
        const end = run.ends[i + 1] ?? 0;
        if (area >= 0 && isNorthAmerican(digitsIn(run.text, area, end))) found(area, end);
      }
    }
  },
};

/** Between the word and the number: `number`, `no.`, quotes, colons; no digits, no line end. */
const BETWEEN = /^(?:[_ -]?(?:number|nummer|no|nr|num))?s?[\s"'\\:=.#(,>]{1,8}(?:is |number |no\.? )?/i;
const DATE = /^(?:19|20)\d\d[-/.]\d\d[-/.]\d\d/;

function spoken(text: string, from: number): Hit | undefined {
  const between = BETWEEN.exec(text.slice(from, from + 28));
  if (between === null || between[0].includes('\n')) return undefined;
  const start = from + between[0].length;
  if (!isDigit(text.charCodeAt(start)) || DATE.test(text.slice(start, start + 10))) return undefined;
  const end = longest(text, start, writtenEnd(text, start, 15), isDialled);
  return end === 0 || isWord(text.charCodeAt(end)) ? undefined : { start, end };
}

const WORDS = ['phone', 'mobile', 'telefon', 'whatsapp', 'tel', 'fax', 'cell', 'sms'];

export const phoneSpoken: AnchoredDetector = {
  kind: 'anchored',
  type,
  summary: 'national telephone numbers, where something says so',
  byDefault: true,
  rank,
  anchors: WORDS,
  ignoreCase: true,
  match(text, at) {
    const word = WORDS.find((name) => text.slice(at, at + name.length).toLowerCase() === name) ?? '';
    if (word.length < 5 && !beginsWord(text, at)) return undefined;
    return spoken(text, at + word.length);
  },
};
