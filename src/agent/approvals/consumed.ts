// The requester's last word about a request, as others find it. Believed only when a key of the requester signed it.
import { verifyPkToken } from '../../identity/index.ts';
import { preAuthentication, publicKey, signatureHolds } from '../../lib/dsse.ts';
import type { ConsumedPredicate, RequestPredicate } from '../../model/approval.ts';
import { consumedKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { parseSigned } from '../../model/bundle.ts';
import type { IdentitySettings } from '../../model/config.ts';
import { PAYLOAD_TYPE } from '../../model/evidence.ts';

export interface ConsumedReading {
  readonly bytes: Uint8Array;
  readonly pkToken: string | undefined;
  readonly request: { readonly predicate: RequestPredicate; readonly digest: string };
  readonly identity: IdentitySettings;
  readonly jwks: { readonly keys: readonly { readonly kty?: string }[] };
}

function parse(bytes: Uint8Array) {
  try {
    return parseSigned(bytes, APPROVAL_FORM);
  } catch {
    return undefined;
  }
}

/** Undefined for anything that the requester did not sign about this very request. */
export async function readConsumed(reading: ConsumedReading): Promise<ConsumedPredicate | undefined> {
  const { bytes, pkToken, request, identity, jwks } = reading;
  const file = parse(bytes);
  const predicate = file?.statement.predicate;
  if (!file || predicate?.kind !== 'consumed' || pkToken === undefined) return undefined;
  const { id, store, clock, requester } = request.predicate;
  const here = predicate.key === consumedKey(clock.wall.slice(0, 10), id) && predicate.store === store;
  if (!here || predicate.id !== id || predicate.request !== request.digest) return undefined;
  const { issuer, clientId } = identity;
  const verdict = await verifyPkToken(pkToken, {
    trust: [{ issuer, audiences: [clientId], jwks: [jwks as { keys: [] }] }],
  });
  if (!verdict.ok) return undefined;
  const { iss, sub, jwk, jkt } = verdict.identity;
  const signed = signatureHolds(
    preAuthentication(PAYLOAD_TYPE, file.payload),
    file.signature,
    publicKey(jwk),
  );
  const own = iss === requester.iss && sub === requester.sub && jkt === predicate.identity.jkt;
  return signed && own ? predicate : undefined;
}
