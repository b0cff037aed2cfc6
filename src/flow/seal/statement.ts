// Signs one statement and checks what it signed before anybody relies on it. Must never return a file that does not verify.

import { canonical } from '../../lib/canonical.ts';
import { preAuthentication, publicKey, signatureHolds } from '../../lib/dsse.ts';
import { encodeBundle, PREDICATE_TYPE, parseBundle } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import {
  PAYLOAD_TYPE,
  type Predicate,
  type Signer,
  STATEMENT_TYPE,
  type Subject,
} from '../../model/evidence.ts';

function bySubjectName(a: Subject, b: Subject): number {
  return a.name < b.name ? -1 : 1;
}

/** The statement file's bytes: canonical in-toto Statement, DSSE, Sigstore bundle. Throws `bug` when it does not read back. */
export function signStatement(signer: Signer, predicate: Predicate, subjects: readonly Subject[]): Buffer {
  const payload = Buffer.from(
    canonical({
      _type: STATEMENT_TYPE,
      subject: [...subjects].sort(bySubjectName),
      predicateType: PREDICATE_TYPE,
      predicate,
    }),
    'utf8',
  );
  const signature = signer.sign(preAuthentication(PAYLOAD_TYPE, payload));
  const file = encodeBundle(payload, signature, signer.identity.jkt);
  readBack(file, signer);
  return file;
}

function readBack(file: Buffer, signer: Signer): void {
  let holds = false;
  let reason = 'the signature does not hold';
  try {
    const parsed = parseBundle(file);
    holds = signatureHolds(
      preAuthentication(PAYLOAD_TYPE, parsed.payload),
      parsed.signature,
      publicKey(signer.jwk),
    );
  } catch (error) {
    reason = (error as Error).message;
  }
  if (!holds) throw new BrokerError('bug', { reason: `a signed statement does not read back: ${reason}` });
}
