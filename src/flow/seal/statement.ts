// Signs one statement of the ledger. Must never return a file that does not verify.
import { LEDGER_FORM } from '../../model/bundle.ts';
import type { Predicate, Signer, Subject } from '../../model/evidence.ts';
import { signPredicate } from '../../model/signing.ts';

/** The statement file's bytes, read back and verified. Throws `bug` when they do not verify. */
export function signStatement(signer: Signer, predicate: Predicate, subjects: readonly Subject[]): Buffer {
  return signPredicate(signer, LEDGER_FORM, predicate, subjects);
}
