// Why an approval object does not count: the step that refused, and a reason. Must never be caught and forgotten.
import type { ApStep } from '../../model/approval-rules.ts';

export interface ApRefusal {
  readonly ok: false;
  readonly step: ApStep;
  /** For people: lower case, no full stop. */
  readonly reason: string;
}

/** Carries a refusal out of the middle of a check. */
export class Refused extends Error {
  readonly step: ApStep;

  constructor(step: ApStep, reason: string) {
    super(reason);
    this.name = 'Refused';
    this.step = step;
  }
}

/** The answer of a check, or the refusal it ended in. */
export async function refusable<T>(check: () => Promise<T>): Promise<T | ApRefusal> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof Refused) return { ok: false, step: error.step, reason: error.message };
    throw error;
  }
}

/** Goes on only where a rule found nothing. */
export function demand(problem: { readonly step: ApStep; readonly reason: string } | undefined): void {
  if (problem) throw new Refused(problem.step, problem.reason);
}
