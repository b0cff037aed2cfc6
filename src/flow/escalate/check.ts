// Checks one answer to one's own request, in the order of evidence.md section 4. Must never let an answer count that missed a step.
import { toUser } from '../../identity/claims.ts';
import { machineReason } from '../../identity/machine.ts';
import type { PkIdentity, TrustedIssuer } from '../../identity/pk-verification.ts';
import { sha256 } from '../../lib/digest.ts';
import type { ApprovalStrength, CheckedDecision, RequestPredicate } from '../../model/approval.ts';
import {
  answersProblem,
  attProblem,
  freshProblem,
  placeProblem,
  selfProblem,
  strengthProblem,
  windowProblem,
} from '../../model/approval-rules.ts';
import type { Decision } from '../../model/decision.ts';
import type { User } from '../../model/principal.ts';
import { holdSignature, type Placed, place, type StoredFile, vouch } from './opened.ts';
import { type ApRefusal, demand, Refused, refusable } from './refusal.ts';

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

function checkPerson(check: DecisionCheck, known: PkIdentity): User {
  const { requester, request, settings } = check;
  demand(selfProblem(known, { ...requester, jkts: [...requester.jkts, request.predicate.identity.jkt] }));
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

/** The checked answer, or the first step it failed. Raises nothing that a store or an approver could cause. */
export function checkDecision(check: DecisionCheck): Promise<AcceptedDecision | ApRefusal> {
  return refusable(async () => {
    const { request, file, settings, now } = check;
    const requestDigest = checkRequest(request);
    const placed = place(file, 'decision', request.predicate.store);
    const { predicate } = placed;
    const { id } = request.predicate;
    demand(placeProblem(placed.place, predicate, { id, day: request.predicate.clock.wall.slice(0, 10) }));
    const { issuer, audiences } = settings;
    const known = await vouch(placed, check.pkToken, [
      { issuer, audiences, jwks: [check.jwks as TrustedIssuer['jwks'][number]] },
    ]);
    demand(attProblem(predicate, known));
    holdSignature(placed, known, now);
    demand(answersProblem(predicate, placed.file.statement.subject, { id, digest: requestDigest }));
    const person = checkPerson(check, known);
    demand(freshProblem(predicate, known, now));
    demand(windowProblem(predicate, request.predicate, now));
    demand(strengthProblem(predicate, check.strengthAllowed));
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
