// A numbered version of a team's policy in the store, signed: its form, its place, and what it must be. Pure; agents and auditors ask the same.
import { canonical } from '../lib/canonical.ts';
import { isSha256, sha256 } from '../lib/digest.ts';
import type { ApprovalStrength } from './approval.ts';
import { LEEWAY, signInProblem, type Vouched } from './approval-rules.ts';
import { NO_PREVIOUS, type PredicateForm } from './bundle.ts';
import {
  type Check,
  matches,
  memberProblem,
  natural,
  oneOf,
  type Shape,
  shape,
  text,
  time,
} from './checks.ts';
import type { SignerIdentity, Subject } from './evidence.ts';
import { CLOCK, IDENTITY, STORE_ID, TOOL } from './predicate.ts';
import { POLICY_BLOB } from './sealed.ts';

export const PUBLICATION_TYPE = 'urn:access-broker:policy:v1';
export const PUBLICATIONS_PREFIX = 'v1/policy/';
const MAX_VERSION = 9_999_999_999;

/** What a signer says: these policies, after that version, in this store. A single-use key attests its digest. */
export interface Publication {
  readonly store: string;
  readonly version: number;
  /** The version it follows, and SHA-256 hex of that file's bytes; 0 and zeros for the first. */
  readonly previous: PublishedRef;
  /** SHA-256 hex of the blob that holds the policies: `policyDigest` where nothing is added to them. */
  readonly policy: string;
  readonly reason?: string;
  /** RFC 3339 UTC, microseconds. */
  readonly time: string;
  /** 64 hex characters. */
  readonly nonce: string;
}

export interface PublicationPredicate {
  readonly kind: 'policy';
  readonly store: string;
  /** This file's own key in the store. */
  readonly key: string;
  readonly identity: SignerIdentity;
  readonly clock: { readonly wall: string; readonly monotonic: string };
  readonly tool: { readonly name: string; readonly version: string; readonly digest: string };
  readonly publication: Publication;
  readonly strength: ApprovalStrength;
}

/** Which version is meant: its number and SHA-256 hex of its file. */
export interface PublishedRef {
  readonly version: number;
  readonly digest: string;
}

/** Whose policies count. Whatever is said must all be true of a person. */
export interface PolicySigner {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject?: string;
  /** Verified by the provider. */
  readonly email?: string;
  readonly group?: string;
}

/** Every check of a published version, in the order in which they are made. */
const PUBLICATION_STEPS = [
  'format',
  'key',
  'store',
  'pk-token',
  'issuer',
  'provider-signature',
  'audience',
  'nonce',
  'signature',
  'identity',
  'validity-at-signing',
  'att',
  'auth-time',
  'strength',
  'signer',
  'blob',
  'policy',
  'chain',
  'hidden',
] as const;
export type PublicationStep = (typeof PUBLICATION_STEPS)[number];

export interface PublicationProblem {
  readonly step: PublicationStep;
  /** For people: lower case, no full stop. */
  readonly reason: string;
}

const KEY = /^v1\/policy\/(\d{10})\.sigstore\.json$/;

/** `v1/policy/<version:10d>.sigstore.json` */
export function publicationKey(version: number): string {
  return `${PUBLICATIONS_PREFIX}${String(version).padStart(10, '0')}.sigstore.json`;
}

export function versionOf(key: string): number | undefined {
  const version = Number(KEY.exec(key)?.[1]);
  return version > 0 ? version : undefined;
}

export function publicationAtt(publication: Publication): string {
  return sha256(canonical(publication));
}

const version: Check = (value) =>
  natural(value) && (value as number) >= 1 && (value as number) <= MAX_VERSION;

const SHAPE: Shape = {
  kind: [true, oneOf('policy')],
  store: [true, STORE_ID],
  key: [true, text],
  identity: [true, IDENTITY],
  clock: [true, CLOCK],
  tool: [true, TOOL],
  publication: [
    true,
    shape({
      store: [true, STORE_ID],
      version: [true, version],
      previous: [true, shape({ version: [true, natural], digest: [true, isSha256] })],
      policy: [true, isSha256],
      reason: [false, text],
      time: [true, time],
      nonce: [true, matches(/^[0-9a-f]{64}$/)],
    }),
  ],
  strength: [true, oneOf('fresh-sign-in', 'session-key')],
};

function publicationProblem(value: unknown): string | undefined {
  const wrong = memberProblem(value, SHAPE, 'the publication');
  if (wrong) return wrong;
  const { publication } = value as PublicationPredicate;
  const { previous } = publication;
  if (previous.version >= publication.version) return 'it follows a version that is not before it';
  if ((previous.version === 0) !== (previous.digest === NO_PREVIOUS))
    return 'it does not say plainly whether it is the first';
  return undefined;
}

export const PUBLICATION_FORM: PredicateForm<PublicationPredicate> = {
  type: PUBLICATION_TYPE,
  problem: publicationProblem,
};

const problem = (step: PublicationStep, reason: string): PublicationProblem => ({ step, reason });

/** `key`, `store` and `blob`: it stands where it was signed to stand, for the store it stands in, and names its blob once. */
export function placedProblem(
  key: string,
  { predicate, subject }: { readonly predicate: PublicationPredicate; readonly subject: readonly Subject[] },
  store: string,
): PublicationProblem | undefined {
  const { publication } = predicate;
  if (predicate.key !== key) return problem('key', `it was signed to stand at ${predicate.key}`);
  if (versionOf(key) !== publication.version) return problem('key', 'its name is not that of its version');
  if (predicate.store !== store || publication.store !== store)
    return problem('store', 'it was published in another store');
  const named = subject.find((each) => each.name === POLICY_BLOB)?.digest.sha256;
  if (named !== publication.policy) return problem('blob', 'its subjects do not name its policies');
  return undefined;
}

/** `att`, `auth-time` and `strength`: how sure it is that the signer was there. */
export function strengthOfSignerProblem(
  { publication, strength }: PublicationPredicate,
  known: Vouched,
  wanted: ApprovalStrength | undefined,
): PublicationProblem | undefined {
  if (strength === 'session-key' && known.att !== undefined)
    return problem('att', 'its sign-in was made for one signature only');
  if (strength === 'fresh-sign-in' && known.att !== publicationAtt(publication))
    return problem('att', 'its sign-in was not made for this publication');
  const fresh = strength === 'fresh-sign-in' ? signInProblem(known, publication.time) : undefined;
  if (fresh) return problem('auth-time', fresh);
  if (strength === 'session-key' && wanted === 'fresh-sign-in')
    return problem('strength', 'it was signed without a fresh sign-in');
  return undefined;
}

/** Signed when it says it was published, and not later than now. */
export function timeProblem(
  { publication, clock }: PublicationPredicate,
  now: number,
): PublicationProblem | undefined {
  const [said, signed] = [Date.parse(publication.time), Date.parse(clock.wall)];
  if (signed > now + LEEWAY)
    return problem('validity-at-signing', 'it was signed in the future: a clock is wrong');
  if (Math.abs(signed - said) > 15 * LEEWAY)
    return problem('validity-at-signing', 'it was signed at another time than it says');
  return undefined;
}

/** What one's own ID token says of a person, as far as signers are pinned by it. */
export interface SignerClaims {
  readonly iss: string;
  readonly sub: string;
  readonly email?: string;
  readonly groups: readonly string[];
}

export function isSigner(person: SignerClaims, signers: readonly PolicySigner[]): boolean {
  return signers.some(
    ({ issuer, subject, email, group }) =>
      issuer === person.iss &&
      (subject !== undefined || email !== undefined || group !== undefined) &&
      (subject === undefined || subject === person.sub) &&
      (email === undefined || email.toLowerCase() === person.email?.toLowerCase()) &&
      (group === undefined || person.groups.includes(group)),
  );
}
