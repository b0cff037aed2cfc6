// Why an approval object does not count: one stable name per check, in the order they are made. Must never be caught and forgotten.

export const AP_STEPS = [
  'request',
  'format',
  'key',
  'store',
  'pk-token',
  'issuer',
  'provider-signature',
  'audience',
  'nonce',
  'att',
  'signature',
  'identity',
  'validity-at-signing',
  'request-digest',
  'self',
  'own-key',
  'human',
  'policy',
  'auth-time',
  'window',
  'strength',
] as const;
export type ApStep = (typeof AP_STEPS)[number];

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
