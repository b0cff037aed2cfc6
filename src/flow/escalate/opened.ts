// Opens a signed approval object: form, place, whose key, signature. Must never say more than these steps have shown.
import { type PkIdentity, type TrustedIssuer, verifyPkToken } from '../../identity/pk-verification.ts';
import { sha256 } from '../../lib/digest.ts';
import { preAuthentication, publicKey, signatureHolds } from '../../lib/dsse.ts';
import type { ApprovalPredicate } from '../../model/approval.ts';
import { type ApprovalKey, parseApprovalKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { type ApStep, LEEWAY } from '../../model/approval-rules.ts';
import { BundleError, parseSigned, type SignedFile } from '../../model/bundle.ts';
import { PAYLOAD_TYPE } from '../../model/evidence.ts';
import { PK_TOKEN_BLOB } from '../../model/sealed.ts';
import { Refused } from './refusal.ts';

export interface StoredFile {
  /** Where it was found. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface Placed<K extends ApprovalPredicate['kind']> {
  readonly place: ApprovalKey;
  readonly predicate: Extract<ApprovalPredicate, { kind: K }>;
  readonly file: SignedFile<ApprovalPredicate>;
  /** SHA-256 hex of the file. */
  readonly digest: string;
}

function parse(bytes: Uint8Array): SignedFile<ApprovalPredicate> {
  try {
    return parseSigned(bytes, APPROVAL_FORM);
  } catch (error) {
    if (error instanceof BundleError) throw new Refused('format', error.message);
    throw error;
  }
}

/** `format`, `key` and `store`: it is what it seems, stands where it was signed to stand, and belongs to this store. */
export function place<K extends ApprovalPredicate['kind']>(
  { key, bytes }: StoredFile,
  kind: K,
  store: string,
): Placed<K> {
  const file = parse(bytes);
  const { predicate } = file.statement;
  if (predicate.kind !== kind) throw new Refused('format', `it is a ${predicate.kind}, not a ${kind}`);
  const parts = parseApprovalKey(key);
  if (parts?.kind !== kind) throw new Refused('key', `its name is not that of a ${kind}`);
  if (predicate.key !== key) throw new Refused('key', `it was signed to stand at ${predicate.key}`);
  if (predicate.store !== store) throw new Refused('store', 'it belongs to another store');
  return {
    place: parts,
    predicate: predicate as Extract<ApprovalPredicate, { kind: K }>,
    file,
    digest: sha256(bytes),
  };
}

/** SHA-256 hex of the PK token a file names: fetch that blob, then check. Undefined when it is no approval object. */
export function tokenDigest(bytes: Uint8Array): string | undefined {
  try {
    return parse(bytes).statement.predicate.identity.pkToken;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** `pk-token` to `nonce`: whose key it is, by the provider's own keys. */
export async function vouch(
  { file }: Pick<Placed<'request'>, 'file'>,
  pkToken: string | undefined,
  trust: readonly TrustedIssuer[],
): Promise<PkIdentity> {
  const { identity } = file.statement.predicate;
  const named = file.statement.subject.find((each) => each.name === PK_TOKEN_BLOB)?.digest.sha256;
  if (pkToken === undefined) throw new Refused('pk-token', 'its PK token is not in the store');
  if (sha256(pkToken) !== identity.pkToken || named !== identity.pkToken)
    throw new Refused('pk-token', 'it names another PK token than the one in the store');
  const verdict = await verifyPkToken(pkToken, { trust });
  if (!verdict.ok) {
    const step: ApStep =
      verdict.step === 'format' || verdict.step === 'cic-signature' ? 'pk-token' : verdict.step;
    throw new Refused(step, verdict.reason);
  }
  if (verdict.identity.binding !== 'nonce')
    throw new Refused('nonce', 'the ID token does not commit to the key that signed');
  return verdict.identity;
}

/** `signature`, `identity` and `validity-at-signing`: this key signed these bytes, in that person's name, while the sign-in held. */
export function holdSignature(
  { file, predicate }: Pick<Placed<'request' | 'decision' | 'consumed'>, 'file' | 'predicate'>,
  known: PkIdentity,
  now: number,
): void {
  const bytes = preAuthentication(PAYLOAD_TYPE, file.payload);
  if (!signatureHolds(bytes, file.signature, publicKey(known.jwk)))
    throw new Refused('signature', 'the signature does not hold');
  const { iss, sub, jkt, binding } = predicate.identity;
  if (iss !== known.iss || sub !== known.sub)
    throw new Refused('identity', 'it names another person than the PK token');
  if (jkt !== known.jkt || binding !== known.binding)
    throw new Refused('identity', 'it names another key than the PK token');
  const at = Date.parse(predicate.clock.wall);
  if (!known.validity.some(({ from, until }) => at >= from - LEEWAY && at <= until + LEEWAY))
    throw new Refused(
      'validity-at-signing',
      'the sign-in had expired, or had not begun, when this was signed',
    );
  if (at > now + LEEWAY || known.validity.every(({ from }) => from > now + LEEWAY))
    throw new Refused('validity-at-signing', 'it was signed in the future: a clock is wrong');
}
