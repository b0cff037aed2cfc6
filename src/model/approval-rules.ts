// What an answer must be beyond a valid signature: evidence.md section 4. Pure; the requester's agent and auditors ask the same.
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import type { ApprovalDecision, ApprovalStrength, DecisionPredicate, RequestPredicate } from './approval.ts';
import { type ApprovalKey, decisionKey } from './approval-key.ts';
import type { Subject } from './evidence.ts';

/** Milliseconds by which two clocks may differ. */
export const LEEWAY = 60_000;
/** Milliseconds between a fresh sign-in and the answer it was made for. */
const FRESH = 5 * 60_000;

export const REQUEST_SUBJECT = 'request.sigstore.json';

/** Every check of an answer, in the order in which they are made. */
export const AP_STEPS = [
  'request',
  'format',
  'key',
  'store',
  'pk-token',
  'issuer',
  'provider-signature',
  'audience',
  'nonce',
  'att',
  'signature',
  'identity',
  'validity-at-signing',
  'request-digest',
  'self',
  'own-key',
  'human',
  'policy',
  'auth-time',
  'window',
  'strength',
] as const;
export type ApStep = (typeof AP_STEPS)[number];

export interface ApProblem {
  readonly step: Exclude<ApStep, 'format' | 'policy'>;
  /** For people: lower case, no full stop. */
  readonly reason: string;
}

/** What the ID token says of a key, as far as these rules ask. */
export interface Vouched {
  readonly iss: string;
  readonly sub: string;
  readonly jkt: string;
  readonly att?: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds: when each ID token was issued. */
  readonly validity: readonly { readonly from: number }[];
}

/** What a single-use key attests: SHA-256 hex of the canonical decision. */
export function attOf(decision: ApprovalDecision): string {
  return sha256(canonical(decision));
}

const problem = (step: ApProblem['step'], reason: string): ApProblem => ({ step, reason });

/** `key` and `store`: it stands with this request, under the name of its own key, and decides for the store it stands in. */
export function placeProblem(
  at: ApprovalKey,
  predicate: DecisionPredicate,
  request: { readonly id: string; readonly day: string },
): ApProblem | undefined {
  const { decision, strength, identity } = predicate;
  if (at.id !== request.id || at.day !== request.day) return problem('key', 'it stands with another request');
  if (decisionKey(request, { jkt: identity.jkt, nonce: decision.nonce, strength }) !== predicate.key)
    return problem('key', 'its name is not that of its key and strength');
  if (decision.store !== predicate.store) return problem('store', 'it decides for another store');
  return undefined;
}

/** A single-use key attests exactly this decision; a sign-in's key attests none, and its decision says so. */
export function attProblem(
  { decision, strength }: DecisionPredicate,
  { att }: Pick<Vouched, 'att'>,
): ApProblem | undefined {
  if (strength === 'session-key')
    return att === undefined ? undefined : problem('att', 'its sign-in was made for one decision only');
  if (att === undefined) return problem('att', 'its sign-in was not made for this decision, nor for any');
  return att === attOf(decision) ? undefined : problem('att', 'its sign-in was made for another decision');
}

/** It answers the very bytes of this request. */
export function answersProblem(
  { decision }: DecisionPredicate,
  subjects: readonly Subject[],
  request: { readonly id: string; readonly digest: string },
): ApProblem | undefined {
  const named = subjects.find((each) => each.name === REQUEST_SUBJECT)?.digest.sha256;
  if (decision.request !== request.digest || named !== request.digest)
    return problem('request-digest', 'it answers other bytes than those of the request');
  if (decision.id !== request.id) return problem('request-digest', 'it answers another request');
  return undefined;
}

/** Somebody else than who asked, by person and by key. */
export function selfProblem(
  known: Vouched,
  requester: { readonly iss: string; readonly sub: string; readonly jkts: readonly string[] },
): ApProblem | undefined {
  if (known.iss === requester.iss && known.sub === requester.sub)
    return problem('self', 'it is by the person who asked: somebody else must answer');
  if (requester.jkts.includes(known.jkt))
    return problem('own-key', 'it is signed by a key of the person who asked');
  return undefined;
}

/** Why a sign-in was not made for what was signed at `time`; `now` is when it is used: for those who look later, there is no such time. */
export function signInProblem(
  { claims, validity }: Pick<Vouched, 'claims' | 'validity'>,
  time: string,
  now = Number.POSITIVE_INFINITY,
): string | undefined {
  const { auth_time: signedIn } = claims;
  if (typeof signedIn !== 'number' || !Number.isFinite(signedIn))
    return 'the ID token does not say when the person signed in (auth_time)';
  if (signedIn * 1000 > now + LEEWAY) return 'the person signed in in the future: a clock is wrong';
  const answered = Date.parse(time);
  if (Math.abs(signedIn * 1000 - answered) > FRESH)
    return 'the person had not signed in within five minutes of the answer';
  // The provider's own clock: an answer cannot be dated back to when its request was still open.
  if (validity.every(({ from }) => Math.abs(from - answered) > FRESH + LEEWAY))
    return 'the ID token was not issued within five minutes of the answer';
  return undefined;
}

export function freshProblem(
  { decision, strength }: DecisionPredicate,
  known: Vouched,
  now?: number,
): ApProblem | undefined {
  if (strength === 'session-key') return undefined;
  const reason = signInProblem(known, decision.time, now);
  return reason === undefined ? undefined : problem('auth-time', reason);
}

export function windowProblem(
  { decision, clock }: DecisionPredicate,
  request: RequestPredicate,
  now?: number,
): ApProblem | undefined {
  const answered = Date.parse(decision.time);
  if (answered < Date.parse(request.clock.wall) - LEEWAY)
    return problem('window', 'it was given before it was asked for');
  if (now !== undefined && answered > now + LEEWAY)
    return problem('window', 'it was given in the future: a clock is wrong');
  if (Date.parse(clock.wall) < answered - LEEWAY)
    return problem('window', 'it was signed before it was given');
  // What runs on after its request expired, a window or a session's approval, can still be taken back.
  if (decision.answer === 'revoke') return undefined;
  if (decision.time >= request.expires || (now !== undefined && now >= Date.parse(request.expires)))
    return problem('window', `it came after the request had expired, ${request.expires}`);
  return undefined;
}

/** Only letting something through takes strength: denying and revoking may always be quick. */
export function strengthProblem(
  { strength, decision }: DecisionPredicate,
  allowed: ApprovalStrength = 'fresh-sign-in',
): ApProblem | undefined {
  if (decision.answer === 'approve' && strength === 'session-key' && allowed !== 'session-key')
    return problem('strength', 'approving this takes a fresh sign-in');
  return undefined;
}

/** The strength of several answers together. */
export function weakest(decisions: readonly { readonly strength: ApprovalStrength }[]): ApprovalStrength {
  return decisions.some(({ strength }) => strength === 'session-key') ? 'session-key' : 'fresh-sign-in';
}
