// Brazilian CPF numbers: eleven digits with two modulus-11 checks (Receita Federal), written 000.000.000-00.
import { said } from './characters.ts';
import { weighted } from './checksums.ts';
import { type NumberDetector, type NumberRun, SEPARATOR } from './detector.ts';
import { isEmbedded, standsAlone } from './numbers.ts';

const SPOKEN = /(?<![a-z])cpf/i;

function checkDigit(digits: string, first: number): number {
  const weights = Array.from({ length: first - 1 }, (_, i) => first - i);
  const rest = (weighted(digits, weights) * 10) % 11;
  return rest === 10 ? 0 : rest;
}

function valid(digits: string): boolean {
  if (/^(\d)\1+$/.test(digits)) return false;
  return checkDigit(digits, 10) === Number(digits[9]) && checkDigit(digits, 11) === Number(digits[10]);
}

/** Dots between the first three groups of three, a hyphen before the last two digits. */
function written(run: NumberRun, first: number): boolean {
  if (first + 3 >= run.count) return false;
  const sizes = [3, 3, 3, 2].every(
    (size, i) => (run.ends[first + i] ?? 0) - (run.starts[first + i] ?? 0) === size,
  );
  const dots = run.separators[first + 1] === SEPARATOR.dot && run.separators[first + 2] === SEPARATOR.dot;
  return sizes && dots && run.separators[first + 3] === SEPARATOR.hyphen;
}

export const brCpf: NumberDetector = {
  kind: 'number',
  type: 'br-cpf',
  summary: 'Brazilian CPF numbers',
  byDefault: true,
  rank: 64,
  spoken: SPOKEN,
  fewest: 11,
  leads: [3, 11],
  match(run, found) {
    for (let i = 0; i < run.count; i += 1) {
      const start = run.starts[i] ?? 0;
      const last = written(run, i) ? i + 3 : i;
      const end = run.ends[last] ?? 0;
      if (last === i && (end - start !== 11 || !standsAlone(run, i) || !said(run.text, start, SPOKEN)))
        continue;
      if (!isEmbedded(run.text, start, end) && valid(run.text.slice(start, end).replace(/\D/g, '')))
        found(start, end);
    }
  },
};
