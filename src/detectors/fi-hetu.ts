// Finnish personal identity codes: birth date, a sign for the century, serial, check character modulo 31 (Väestörekisterikeskus).
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { NumberDetector } from './detector.ts';

const SHAPE = /(\d\d)(\d\d)\d\d[-+A-FU-Y](\d{3})([0-9A-FHJ-NPR-Y])/y;
const CHECKS = '0123456789ABCDEFHJKLMNPRSTUVWXY';

export const fiHetu: NumberDetector = {
  kind: 'number',
  type: 'fi-hetu',
  summary: 'Finnish personal identity codes',
  byDefault: true,
  rank: 64,
  fewest: 6,
  leads: [6],
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      if ((run.ends[i] ?? 0) - start !== 6 || (run.separators[i] ?? 0) > 1) continue;
      SHAPE.lastIndex = start;
      const parts = SHAPE.exec(run.text);
      const end = start + 11;
      if (parts === null || isAlphanumeric(run.text.charCodeAt(end)) || !beginsWord(run.text, start))
        continue;
      const [, day = '', month = '', serial = '', check] = parts;
      const number = Number(`${run.text.slice(start, start + 6)}${serial}`);
      if (Number(day) < 1 || Number(day) > 31 || Number(month) < 1 || Number(month) > 12) continue;
      if (CHECKS[number % 31] === check) found(start, end);
    }
  },
};
