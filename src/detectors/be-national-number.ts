// Belgian national numbers: birth date, serial, 97 minus the rest modulo 97, for births since 2000 with a 2 in front (Rijksregister).
import { isAlphanumeric, said } from './characters.ts';
import type { NumberDetector } from './detector.ts';
import { standsAlone } from './numbers.ts';

const WRITTEN = /\d\d([. ])\d\d\1\d\d[- ]\d{3}\1\d\d/y;
const SPOKEN = /(?<![a-z])(?:rijksregister|registre national|national number|insz|niss|rrn|nrn)/i;

function valid(digits: string): boolean {
  const body = Number(digits.slice(0, 9));
  const check = Number(digits.slice(9));
  const month = Number(digits.slice(2, 4)) % 20;
  if (month > 12 || Number(digits.slice(4, 6)) > 31) return false;
  return 97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check;
}

export const beNationalNumber: NumberDetector = {
  kind: 'number',
  type: 'be-national-number',
  summary: 'Belgian national numbers',
  byDefault: true,
  rank: 65,
  spoken: SPOKEN,
  fewest: 11,
  leads: [2, 11],
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      WRITTEN.lastIndex = start;
      const grouped = WRITTEN.test(run.text) && !isAlphanumeric(run.text.charCodeAt(start - 1));
      const end = grouped ? start + 15 : (run.ends[i] ?? 0);
      if (!grouped && (end - start !== 11 || !standsAlone(run, i) || !said(run.text, start, SPOKEN)))
        continue;
      if (!isAlphanumeric(run.text.charCodeAt(end)) && valid(run.text.slice(start, end).replace(/\D/g, '')))
        found(start, end);
    }
  },
};
