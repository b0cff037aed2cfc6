// Judges one published version of a team's policy: whose it is, and whether theirs counts. Must never fetch anything, nor look at what it permits.
import { toUser } from '../../identity/claims.ts';
import { type PkIdentity, verifyPkToken } from '../../identity/pk-verification.ts';
import { sha256 } from '../../lib/digest.ts';
import { preAuthentication, publicKey, signatureHolds } from '../../lib/dsse.ts';
import type { ApprovalStrength } from '../../model/approval.ts';
import { BundleError, parseSigned, type SignedFile } from '../../model/bundle.ts';
import { PAYLOAD_TYPE } from '../../model/evidence.ts';
import type { User } from '../../model/principal.ts';
import {
  isSigner,
  type PolicySigner,
  PUBLICATION_FORM,
  type Publication,
  type PublicationPredicate,
  type PublicationProblem,
  type PublicationStep,
  placedProblem,
  strengthOfSignerProblem,
  timeProblem,
} from '../../model/publication.ts';
import { PK_TOKEN_BLOB } from '../../model/sealed.ts';
import { validityProblem } from './identities.ts';

export interface PublicationCheck {
  /** Where it was found, and what stands there. */
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Id of the store it was found in. */
  readonly store: string;
  /** The blob that `signerToken` names, as the store gave it. */
  readonly pkToken: string | undefined;
  /** The keys of the signers' providers, by issuer, fetched by the caller just now. */
  readonly keys: ReadonlyMap<string, { readonly keys: readonly { readonly kty?: string }[] }>;
  readonly signers: readonly PolicySigner[];
  readonly groupsClaim: string;
  /** The weakest that counts. */
  readonly strength: ApprovalStrength;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface JudgedPublication {
  readonly ok: true;
  readonly key: string;
  /** SHA-256 hex of the file. */
  readonly digest: string;
  readonly publication: Publication;
  readonly strength: ApprovalStrength;
  readonly signer: User;
}

export type PublicationVerdict = JudgedPublication | ({ readonly ok: false } & PublicationProblem);

type File = SignedFile<PublicationPredicate>;

const refuse = (step: PublicationStep, reason: string): PublicationVerdict => ({ ok: false, step, reason });

function parse(bytes: Uint8Array): File | string {
  try {
    return parseSigned(bytes, PUBLICATION_FORM);
  } catch (error) {
    if (error instanceof BundleError) return error.message;
    throw error;
  }
}

/** What a file says of itself, whoever wrote it; undefined when it is no publication. */
export function readPublication(bytes: Uint8Array): PublicationPredicate | undefined {
  const file = parse(bytes);
  return typeof file === 'string' ? undefined : file.statement.predicate;
}

/** What the signature, the person and the times come to, once the provider has vouched for the key. */
function signedProblem(file: File, known: PkIdentity, now: number): PublicationProblem | undefined {
  const { predicate } = file.statement;
  if (!signatureHolds(preAuthentication(PAYLOAD_TYPE, file.payload), file.signature, publicKey(known.jwk)))
    return { step: 'signature', reason: 'the signature does not hold' };
  const { iss, sub, jkt, binding } = predicate.identity;
  if (iss !== known.iss || sub !== known.sub || jkt !== known.jkt || binding !== known.binding)
    return { step: 'identity', reason: 'it names another person or key than the PK token' };
  const late = validityProblem(predicate, known);
  if (late)
    return {
      step: 'validity-at-signing',
      reason: 'the sign-in had expired, or had not begun, when this was signed',
    };
  return timeProblem(predicate, now);
}

async function vouch(file: File, check: PublicationCheck): Promise<PkIdentity | PublicationProblem> {
  const { identity } = file.statement.predicate;
  const named = file.statement.subject.find((each) => each.name === PK_TOKEN_BLOB)?.digest.sha256;
  const { pkToken, signers, keys } = check;
  if (pkToken === undefined) return { step: 'pk-token', reason: 'its PK token is not in the store' };
  if (sha256(pkToken) !== identity.pkToken || named !== identity.pkToken)
    return { step: 'pk-token', reason: 'it names another PK token than the one in the store' };
  const trust = [...keys].map(([issuer, jwks]) => ({
    issuer,
    jwks: [jwks],
    audiences: signers.filter((each) => each.issuer === issuer).map(({ clientId }) => clientId),
  }));
  const verdict = await verifyPkToken(pkToken, { trust: trust as never });
  if (!verdict.ok) {
    const step = verdict.step === 'format' || verdict.step === 'cic-signature' ? 'pk-token' : verdict.step;
    return { step, reason: verdict.reason };
  }
  if (verdict.identity.binding !== 'nonce')
    return { step: 'nonce', reason: 'the ID token does not commit to the key that signed' };
  return verdict.identity;
}

/** A version that a pinned signer published here, or the first step that says otherwise. Its blob and its chain are not looked at. */
export async function judgePublication(check: PublicationCheck): Promise<PublicationVerdict> {
  const { key, bytes, store, signers, groupsClaim, strength, now } = check;
  const file = parse(bytes);
  if (typeof file === 'string') return refuse('format', file);
  const { predicate } = file.statement;
  const misplaced = placedProblem(key, file.statement, store);
  if (misplaced) return { ok: false, ...misplaced };
  const known = await vouch(file, check);
  if ('step' in known) return { ok: false, ...known };
  const wrong = signedProblem(file, known, now) ?? strengthOfSignerProblem(predicate, known, strength);
  if (wrong) return { ok: false, ...wrong };
  const signer = toUser(known.fresh ?? known.claims, { groupsClaim });
  if (!isSigner(signer, signers))
    return refuse('signer', `${signer.email ?? signer.sub} is not one of the pinned signers`);
  return {
    ok: true,
    key,
    digest: sha256(bytes),
    publication: predicate.publication,
    strength: predicate.strength,
    signer,
  };
}
