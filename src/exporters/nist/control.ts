// What a control test is and how its answer is put. Must never call satisfied what nothing was seen of.
import type { Verification } from '../../model/verdict.ts';
import type { FactName, Facts } from './facts.ts';

export type State = 'satisfied' | 'not-satisfied' | 'not-assessable';

export interface Outcome {
  readonly state: State;
  readonly reasons: readonly string[];
}

export interface Control {
  /** As the catalogue writes it: `au-3`, `ac-6.9`, `au-2_smt.c`. */
  readonly id: string;
  /** As people write it: `AU-3`, `AC-6(9)`, `AU-2c`. */
  readonly name: string;
  readonly title: string;
  /** What the evidence has to show. */
  readonly objective: string;
  /** What no data can show, and a person has to judge. */
  readonly human: string;
  test(facts: Facts, verification: Verification): Outcome;
}

export const satisfied = (...reasons: string[]): Outcome => ({ state: 'satisfied', reasons });
export const unsatisfied = (...reasons: string[]): Outcome => ({ state: 'not-satisfied', reasons });
export const unassessable = (...reasons: string[]): Outcome => ({ state: 'not-assessable', reasons });

/** `3 sessions have no account: a1, a2, a3` */
function told(facts: Facts, name: FactName, words: string): string {
  const { count, examples } = facts.of(name);
  return `${count} ${words}: ${examples.join(', ')}${count > examples.length ? ' …' : ''}`;
}

/** Not assessable when nothing of `over` was seen; not satisfied when any of `faults` was; satisfied otherwise. */
export function every(
  facts: Facts,
  over: readonly [name: FactName, words: string],
  faults: readonly (readonly [name: FactName, words: string])[],
): Outcome {
  if (facts.count(over[0]) === 0) return unassessable(`no ${over[1]} in this span`);
  const found = faults
    .filter(([name]) => facts.count(name) > 0)
    .map(([name, words]) => told(facts, name, words));
  if (found.length > 0) return unsatisfied(...found);
  return satisfied(`${facts.count(over[0])} ${over[1]}, none with a fault`);
}

/** The first outcome that is not satisfied, else all reasons together. */
export function all(...outcomes: readonly Outcome[]): Outcome {
  const bad = outcomes.filter(({ state }) => state === 'not-satisfied');
  if (bad.length > 0) return unsatisfied(...bad.flatMap(({ reasons }) => reasons));
  const unknown = outcomes.filter(({ state }) => state === 'not-assessable');
  if (unknown.length > 0) return unassessable(...unknown.flatMap(({ reasons }) => reasons));
  return satisfied(...outcomes.flatMap(({ reasons }) => reasons));
}

export function valid({ integrity, checked }: Verification): Outcome {
  if (checked.statements === 0) return unassessable('no signed statement in this span');
  if (integrity.verdict === 'VALID')
    return satisfied(`INTEGRITY is VALID over ${checked.statements} signed statements`);
  return unsatisfied(`INTEGRITY is ${integrity.verdict}: ${integrity.findings[0]?.reason ?? ''}`);
}

export function complete({ completeness, checked }: Verification): Outcome {
  if (checked.statements === 0) return unassessable('no signed statement in this span');
  if (completeness.verdict === 'COMPLETE') return satisfied('COMPLETENESS is COMPLETE');
  return unsatisfied(`COMPLETENESS is ${completeness.verdict}: ${completeness.findings[0]?.reason ?? ''}`);
}
