// Makes a detector for a national number out of its facts: how it is grouped, its check, and the words that announce it.
import { said } from './characters.ts';
import type { NumberDetector, NumberRun } from './detector.ts';
import { grouped, standsAlone } from './numbers.ts';

export interface NumberFacts {
  readonly type: string;
  readonly summary: string;
  readonly rank: number;
  /** Group sizes believed with nothing but the check; one size is an ungrouped number. */
  readonly plain: readonly (readonly number[])[];
  /** The separator `plain` groups are joined by; any one when absent. */
  readonly joinedBy?: number;
  /** Group sizes believed only where `spoken` stands shortly before. */
  readonly announced: readonly (readonly number[])[];
  readonly spoken?: RegExp;
  valid(digits: string): boolean;
}

/** Words that announce a number, as UTF-16 and as UTF-8 bytes read as Latin-1. */
export function announcing(...words: readonly string[]): RegExp {
  const forms = words.flatMap((word) => [word, Buffer.from(word, 'utf8').toString('latin1')]);
  const escaped = [...new Set(forms)].map((form) =>
    form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '[ _-]?'),
  );
  return new RegExp(`(?<![a-z])(?:${escaped.join('|')})`, 'i');
}

function digitsOf(run: NumberRun, first: number, count: number): string {
  let digits = '';
  for (let i = first; i < first + count; i += 1) digits += run.text.slice(run.starts[i], run.ends[i]);
  return digits;
}

function fits(
  run: NumberRun,
  first: number,
  sizes: readonly number[],
  joinedBy: number | undefined,
): boolean {
  const size = (run.ends[first] ?? 0) - (run.starts[first] ?? 0);
  if (size !== sizes[0]) return false;
  if (sizes.length === 1) return standsAlone(run, first);
  const separator = grouped(run, first, sizes);
  return separator !== 0 && (joinedBy === undefined || separator === joinedBy);
}

export function numberId(facts: NumberFacts): NumberDetector {
  const { plain, announced, spoken, valid } = facts;
  const shapes = [
    ...plain.map((sizes) => ({ sizes, free: true })),
    ...announced.map((sizes) => ({ sizes, free: false })),
  ];
  const totals = shapes.map(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0));

  /** Groups a number starting at `first` has; 0 when there is none. */
  function groupsAt(run: NumberRun, first: number): number {
    for (const { sizes, free } of shapes) {
      if (
        !fits(run, first, sizes, free ? facts.joinedBy : undefined) ||
        !valid(digitsOf(run, first, sizes.length))
      )
        continue;
      if (free || (spoken !== undefined && said(run.text, run.starts[first] ?? 0, spoken)))
        return sizes.length;
    }
    return 0;
  }

  return {
    kind: 'number',
    type: facts.type,
    summary: facts.summary,
    byDefault: true,
    rank: facts.rank,
    ...(spoken ? { spoken } : {}),
    fewest: Math.min(...totals),
    leads: [...new Set(shapes.map(({ sizes }) => sizes[0] ?? 0))],
    match(run, found) {
      for (let i = 0; i < run.count; i += 1) {
        const groups = groupsAt(run, i);
        if (groups === 0) continue;
        found(run.starts[i] ?? 0, run.ends[i + groups - 1] ?? 0);
        i += groups - 1;
      }
    },
  };
}
