// NIST SP 800-53 rev. 5 as one table: objective, test over all events, result with reasons.
import type { Verification } from '../../model/verdict.ts';
import type { ExportedEvent, ExportedStatement } from '../exporter.ts';
import { ACCESS } from './access.ts';
import { AUDIT } from './audit.ts';
import type { Control, Outcome } from './control.ts';
import { Facts } from './facts.ts';

export type { Control, Outcome, State } from './control.ts';
export { Facts } from './facts.ts';

export const CONTROLS: readonly Control[] = [...ACCESS, ...AUDIT].sort((a, b) => order(a.name, b.name));

export interface Assessed extends Outcome {
  readonly control: Control;
}

/** AC-2g before AC-17(1): numbers as numbers. */
function order(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export class Assessment {
  readonly facts = new Facts();

  constructor(store: string) {
    this.facts.store = store;
  }

  statement(statement: ExportedStatement): void {
    this.facts.statement(statement);
  }

  event({ value }: ExportedEvent): void {
    this.facts.event(value);
  }

  finish(verification: Verification): Assessed[] {
    this.facts.finish(verification);
    return CONTROLS.map((control) => ({ control, ...control.test(this.facts, verification) }));
  }
}
