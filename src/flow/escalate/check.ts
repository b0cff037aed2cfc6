// Checks one answer to one's own request, in the order of evidence.md section 4. Must never let an answer count that missed a step.
import { toUser } from '../../identity/claims.ts';
import type { PkIdentity, TrustedIssuer } from '../../identity/pk-verification.ts';
import { sha256 } from '../../lib/digest.ts';
import type {
  ApprovalStrength,
  CheckedDecision,
  DecisionPredicate,
  RequestPredicate,
} from '../../model/approval.ts';
import { decisionKey } from '../../model/approval-key.ts';
import type { Decision } from '../../model/decision.ts';
import type { User } from '../../model/principal.ts';
import { machineReason } from './human.ts';
import { holdSignature, LEEWAY, type Placed, place, type StoredFile, vouch } from './opened.ts';
import { type ApRefusal, Refused, refusable } from './refusal.ts';
import { attOf } from './write.ts';

/** Milliseconds between a fresh sign-in and the answer it was made for. */
const FRESH = 5 * 60_000;

export interface DecisionCheck {
  readonly request: {
    /** As they were put. */
    readonly bytes: Uint8Array;
    readonly predicate: RequestPredicate;
    /** As the store gives them now; undefined when it has none. */
    readonly stored: Uint8Array | undefined;
  };
  readonly file: StoredFile;
  /** The blob that `tokenDigest(file.bytes)` names, as the store gave it. */
  readonly pkToken: string | undefined;
  /** The provider's keys, fetched by the caller just now and from the provider itself. */
  readonly jwks: { readonly keys: readonly { readonly kty?: string }[] };
  readonly settings: {
    readonly issuer: string;
    readonly audiences: readonly string[];
    readonly groupsClaim: string;
  };
  /** Who asked, and every key they sign with. */
  readonly requester: { readonly iss: string; readonly sub: string; readonly jkts: readonly string[] };
  /** When the answer is used, milliseconds since the epoch. */
  readonly now: number;
  /** Policy on `approve`, for the person as their own ID token describes them. */
  mayApprove(person: User): Pick<Decision, 'outcome' | 'policies'>;
  /** The weakest strength with which an approval counts. Denying and revoking may always be weaker. */
  readonly strengthAllowed: ApprovalStrength;
}

export interface AcceptedDecision extends CheckedDecision {
  readonly ok: true;
}

function checkRequest({ bytes, stored }: DecisionCheck['request']): string {
  if (stored === undefined) throw new Refused('request', 'the request is no longer in the store');
  if (!Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).equals(bytes))
    throw new Refused('request', 'the request in the store is not the one that was put');
  return sha256(bytes);
}

function checkPlace({ place: at, predicate }: Placed<'decision'>, request: RequestPredicate): void {
  const { decision, strength, identity } = predicate;
  const day = request.clock.wall.slice(0, 10);
  if (at.id !== request.id || at.day !== day) throw new Refused('key', 'it stands with another request');
  if (
    decisionKey({ day, id: request.id }, { jkt: identity.jkt, nonce: decision.nonce, strength }) !==
    predicate.key
  )
    throw new Refused('key', 'its name is not that of its key and strength');
  if (decision.store !== predicate.store) throw new Refused('store', 'it decides for another store');
}

/** A single-use key attests exactly this decision; a sign-in's key attests none, and its decision says so. */
function checkAtt({ decision, strength }: DecisionPredicate, { att }: PkIdentity): void {
  if (strength === 'session-key') {
    if (att !== undefined) throw new Refused('att', 'its sign-in was made for one decision only');
    return;
  }
  if (att === undefined) throw new Refused('att', 'its sign-in was not made for this decision, nor for any');
  if (att !== attOf(decision)) throw new Refused('att', 'its sign-in was made for another decision');
}

function checkAnswersThis({ predicate, file }: Placed<'decision'>, id: string, digest: string): void {
  const named = file.statement.subject.find((each) => each.name === 'request.sigstore.json');
  if (predicate.decision.request !== digest || named?.digest.sha256 !== digest)
    throw new Refused('request-digest', 'it answers other bytes than those of the request');
  if (predicate.decision.id !== id) throw new Refused('request-digest', 'it answers another request');
}

function checkPerson(check: DecisionCheck, known: PkIdentity): User {
  const { requester, request, settings } = check;
  if (known.iss === requester.iss && known.sub === requester.sub)
    throw new Refused('self', 'it is by the person who asked: somebody else must answer');
  if ([...requester.jkts, request.predicate.identity.jkt].includes(known.jkt))
    throw new Refused('own-key', 'it is signed by a key of the person who asked');
  const claims = known.fresh ?? known.claims;
  const machine = machineReason(claims);
  if (machine) throw new Refused('human', `it is not by a person: ${machine}`);
  const person = toUser(claims, settings);
  const { outcome, policies } = check.mayApprove(person);
  if (outcome !== 'allow') {
    const [policy = 'default deny'] = policies;
    const groups = person.groups.length > 0 ? person.groups.join(', ') : 'none';
    throw new Refused('policy', `${person.sub} may not approve this (policy "${policy}"; groups: ${groups})`);
  }
  return person;
}

function checkFresh({ decision, strength }: DecisionPredicate, known: PkIdentity, now: number): void {
  if (strength === 'session-key') return;
  const { auth_time: signedIn } = known.claims;
  if (typeof signedIn !== 'number')
    throw new Refused('auth-time', 'the ID token does not say when the person signed in (auth_time)');
  if (signedIn * 1000 > now + LEEWAY)
    throw new Refused('auth-time', 'the person signed in in the future: a clock is wrong');
  const answered = Date.parse(decision.time);
  if (Math.abs(signedIn * 1000 - answered) > FRESH)
    throw new Refused('auth-time', 'the person had not signed in within five minutes of the answer');
  // The provider's own clock: an answer cannot be dated back to when its request was still open.
  if (known.validity.every(({ from }) => Math.abs(from - answered) > FRESH + LEEWAY))
    throw new Refused('auth-time', 'the ID token was not issued within five minutes of the answer');
}

function checkWindow({ decision, clock }: DecisionPredicate, request: RequestPredicate, now: number): void {
  const answered = Date.parse(decision.time);
  if (answered < Date.parse(request.clock.wall) - LEEWAY)
    throw new Refused('window', 'it was given before it was asked for');
  if (answered > now + LEEWAY) throw new Refused('window', 'it was given in the future: a clock is wrong');
  if (Date.parse(clock.wall) < answered - LEEWAY)
    throw new Refused('window', 'it was signed before it was given');
  // What runs on after its request expired, a window or a session's approval, can still be taken back.
  if (decision.answer === 'revoke') return;
  if (decision.time >= request.expires || now >= Date.parse(request.expires))
    throw new Refused('window', `it came after the request had expired, ${request.expires}`);
}

function checkStrength({ strength, decision }: DecisionPredicate, allowed: ApprovalStrength): void {
  if (decision.answer === 'approve' && strength === 'session-key' && allowed !== 'session-key')
    throw new Refused('strength', 'approving this takes a fresh sign-in');
}

/** The checked answer, or the first step it failed. Raises nothing that a store or an approver could cause. */
export function checkDecision(check: DecisionCheck): Promise<AcceptedDecision | ApRefusal> {
  return refusable(async () => {
    const { request, file, settings, now } = check;
    const requestDigest = checkRequest(request);
    const placed = place(file, 'decision', request.predicate.store);
    const { predicate } = placed;
    checkPlace(placed, request.predicate);
    const { issuer, audiences } = settings;
    const known = await vouch(placed, check.pkToken, [
      { issuer, audiences, jwks: [check.jwks as TrustedIssuer['jwks'][number]] },
    ]);
    checkAtt(predicate, known);
    holdSignature(placed, known, now);
    checkAnswersThis(placed, request.predicate.id, requestDigest);
    const person = checkPerson(check, known);
    checkFresh(predicate, known, now);
    checkWindow(predicate, request.predicate, now);
    checkStrength(predicate, check.strengthAllowed);
    return { ok: true, ...describe(placed, person) };
  });
}

function describe({ predicate, digest }: Placed<'decision'>, person: User): CheckedDecision {
  const { decision, strength, identity, key } = predicate;
  return {
    answer: decision.answer,
    iss: person.iss,
    sub: person.sub,
    ...(person.name === undefined ? {} : { name: person.name }),
    ...(person.email === undefined ? {} : { email: person.email }),
    jkt: identity.jkt,
    strength,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    time: decision.time,
    digest,
    key,
  };
}
