// The only door to the target: takes the proof that a statement was allowed, once, and lets its own bytes out.
import { BrokerError } from '../../model/errors.ts';
import type { Permit } from '../permit.ts';

/** Spends the permit and runs `write`, which must send exactly the bytes that were judged. A spent permit throws. */
export function forward(permit: Permit, write: () => void): void {
  if (permit.spent)
    throw new BrokerError('bug', { reason: `statement ${permit.statement} was about to be sent twice` });
  permit.spent = true;
  write();
}
