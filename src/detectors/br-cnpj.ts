// Brazilian CNPJ numbers: fourteen digits with two modulus-11 checks (Receita Federal), written 00.000.000/0000-00.
import { isAlphanumeric, said } from './characters.ts';
import { weighted } from './checksums.ts';
import type { NumberDetector } from './detector.ts';
import { standsAlone } from './numbers.ts';

const WRITTEN = /\d\d\.\d{3}\.\d{3}\/\d{4}-\d\d/y;
const SPOKEN = /(?<![a-z])cnpj/i;
const WEIGHTS = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

function checkDigit(digits: string, weights: readonly number[]): number {
  const rest = weighted(digits, weights) % 11;
  return rest < 2 ? 0 : 11 - rest;
}

function valid(digits: string): boolean {
  if (/^(\d)\1+$/.test(digits)) return false;
  return (
    checkDigit(digits, WEIGHTS.slice(1)) === Number(digits[12]) &&
    checkDigit(digits, WEIGHTS) === Number(digits[13])
  );
}

export const brCnpj: NumberDetector = {
  kind: 'number',
  type: 'br-cnpj',
  summary: 'Brazilian CNPJ numbers',
  byDefault: true,
  rank: 65,
  spoken: SPOKEN,
  fewest: 8,
  leads: [2, 14],
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      WRITTEN.lastIndex = start;
      const grouped = WRITTEN.test(run.text) && !isAlphanumeric(run.text.charCodeAt(start - 1));
      const end = grouped ? start + 18 : (run.ends[i] ?? 0);
      if (!grouped && (end - start !== 14 || !standsAlone(run, i) || !said(run.text, start, SPOKEN)))
        continue;
      if (!isAlphanumeric(run.text.charCodeAt(end)) && valid(run.text.slice(start, end).replace(/\D/g, '')))
        found(start, end);
    }
  },
};
