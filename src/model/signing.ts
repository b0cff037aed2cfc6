// Signs one predicate and checks what it signed before anybody relies on it. Must never return a file that does not verify.
import { canonical } from '../lib/canonical.ts';
import { preAuthentication, publicKey, signatureHolds } from '../lib/dsse.ts';
import { encodeBundle, type PredicateForm, parseSigned } from './bundle.ts';
import { BrokerError } from './errors.ts';
import { PAYLOAD_TYPE, type Signer, STATEMENT_TYPE, type Subject } from './evidence.ts';

function bySubjectName(a: Subject, b: Subject): number {
  return a.name < b.name ? -1 : 1;
}

function readBack<P>(file: Buffer, signer: Signer, form: PredicateForm<P>): void {
  let holds = false;
  let reason = 'the signature does not hold';
  try {
    const parsed = parseSigned(file, form);
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

/** The file's bytes: canonical in-toto Statement, DSSE, Sigstore bundle. Throws `bug` when it does not read back. */
export function signPredicate<P>(
  signer: Signer,
  form: PredicateForm<P>,
  predicate: P,
  subjects: readonly Subject[],
): Buffer {
  const payload = Buffer.from(
    canonical({
      _type: STATEMENT_TYPE,
      subject: [...subjects].sort(bySubjectName),
      predicateType: form.type,
      predicate,
    }),
    'utf8',
  );
  const signature = signer.sign(preAuthentication(PAYLOAD_TYPE, payload));
  const file = encodeBundle(payload, signature, signer.identity.jkt);
  readBack(file, signer, form);
  return file;
}
