// The shelf of detectors: one row each. A scanner is built over all that are on by default, or over the types asked for.
import type { Scanner } from '../model/masking.ts';
import type { Detector } from './detector.ts';
import { email } from './email.ts';
import { scannerOver } from './engine.ts';
import { iban } from './iban.ts';
import { jwt } from './jwt.ts';
import { paymentCard } from './payment-card.ts';
import { usSsn } from './us-ssn.ts';

export type { Detector } from './detector.ts';

export const DETECTORS: readonly Detector[] = [email, iban, jwt, paymentCard, usSsn];

/**
 * A scanner for the given data types; without any, for all that are on by default. Types no detector knows are
 * left out: `scanner.types` says what is really looked for.
 */
export function createScanner(types?: readonly string[]): Scanner {
  return scannerOver(
    DETECTORS.filter((row) => (types === undefined ? row.byDefault : types.includes(row.type))),
  );
}
