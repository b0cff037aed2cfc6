// One request of a session held against its objects: what was asked, who answered, that it was used once. Must never excuse a gap.
import { machineReason } from '../../identity/machine.ts';
import { canonical } from '../../lib/canonical.ts';
import type {
  ApprovalPredicate,
  ConsumedPredicate,
  DecisionPredicate,
  RequestPredicate,
  SessionApproval,
} from '../../model/approval.ts';
import { approvalFolder, consumedKey, requestKey } from '../../model/approval-key.ts';
import {
  answersProblem,
  attProblem,
  freshProblem,
  LEEWAY,
  placeProblem,
  selfProblem,
  strengthProblem,
  weakest,
  windowProblem,
} from '../../model/approval-rules.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Step } from '../../model/verdict.ts';
import { type ApprovalObject, isOpened, type OpenedObject } from './approval-files.ts';
import type { ApprovalFindings } from './approvals.ts';

type Of<K extends ApprovalPredicate['kind']> = OpenedObject & {
  readonly predicate: Extract<ApprovalPredicate, { kind: K }>;
};

/** The session's statement that names the request. */
export interface NamingSession {
  readonly key: string;
  readonly predicate: Predicate;
}

export class ApprovalCase {
  readonly #named: SessionApproval;
  readonly #session: NamingSession;
  readonly #objects: readonly ApprovalObject[];
  readonly #findings: ApprovalFindings;
  readonly #mayMiss: (digest: string) => boolean;

  constructor(
    named: SessionApproval,
    session: NamingSession,
    objects: readonly ApprovalObject[],
    findings: ApprovalFindings,
    mayMiss: (digest: string) => boolean,
  ) {
    this.#named = named;
    this.#session = session;
    this.#objects = objects;
    this.#findings = findings;
    this.#mayMiss = mayMiss;
  }

  check(): void {
    const { day, id } = this.#named;
    const request = this.#find('request', this.#named.request, requestKey(day, id));
    const decisions = this.#named.decisions.map((digest) => this.#find('decision', digest));
    const { consumed: use } = this.#named;
    const consumed = use === undefined ? undefined : this.#find('consumed', use, consumedKey(day, id));
    // What is missing or altered was reported; the rest of the rules need all of it.
    if (!request || decisions.some((each) => each === undefined) || (use !== undefined && !consumed)) return;
    const answers = decisions as Of<'decision'>[];
    this.#asked(request);
    for (const answer of answers) this.#answered(answer, request, consumed);
    this.#counted(answers, request.predicate);
    this.#used(request, answers, consumed);
    this.#notes(request, answers, consumed);
    for (const { digest, key, predicate, identity } of answers)
      this.#findings.counted.push({ digest, key, time: predicate.clock.wall, sub: identity.sub });
  }

  #invalid(step: Step, file: string, reason: string): void {
    const session = this.#session.predicate.session?.id;
    this.#findings.integrity.push({
      verdict: 'INVALID',
      step,
      file,
      reason,
      ...(session === undefined ? {} : { session }),
    });
  }

  #missing(kind: string, file: string): void {
    const session = this.#session.predicate.session?.id;
    this.#findings.completeness.push({
      verdict: 'MISSING',
      step: kind as Step,
      file,
      reason: `the ${kind} that ${this.#session.key} names is not there`,
      ...(session === undefined ? {} : { session }),
    });
  }

  /** The object of this digest. Something else in its place was altered; nothing in its place is missing. */
  #find<K extends ApprovalPredicate['kind']>(kind: K, digest: string, key?: string): Of<K> | undefined {
    const found = this.#objects.find((each) => each.digest === digest);
    if (found) {
      if (!isOpened(found)) this.#invalid(found.problem.step, found.key, found.problem.reason);
      else if (found.predicate.kind !== kind) this.#invalid(kind, found.key, `it is no ${kind}`);
      else {
        this.#findings.vouched.push(found);
        return found as Of<K>;
      }
      return undefined;
    }
    const instead = this.#objects.find((each) =>
      key === undefined ? !isOpened(each) && each.key.includes(`/${kind}-`) : each.key === key,
    );
    if (instead)
      this.#invalid(kind, instead.key, `it is not the ${kind} that ${this.#session.key} names, ${digest}`);
    else if (!this.#mayMiss(digest))
      this.#missing(kind, key ?? `${approvalFolder(this.#named.day, this.#named.id)}${kind}-*`);
    return undefined;
  }

  #asked({ key, place, predicate, identity }: Of<'request'>): void {
    const { id, asked, clock } = predicate;
    const { identity: signer, session } = this.#session.predicate;
    if (place.id !== id || place.day !== clock.wall.slice(0, 10))
      this.#invalid('key', key, 'it stands under another id or day than it was signed for');
    if (identity.att !== undefined)
      this.#invalid('att', key, 'its key was made for one decision, not to ask');
    if (identity.iss !== signer.iss || identity.sub !== signer.sub)
      this.#invalid('request', key, 'it was asked by somebody else than the person of the session');
    if (asked.connection !== session?.connection)
      this.#invalid('request', key, 'it was asked for another connection');
    if (asked.purpose !== 'window' && asked.session !== session?.id)
      this.#invalid('request', key, 'it was asked for another session');
  }

  #answered(answer: Of<'decision'>, request: Of<'request'>, consumed: Of<'consumed'> | undefined): void {
    const { predicate, identity, subjects, place, key } = answer;
    const { id } = request.predicate;
    const { iss, sub, jkt } = this.#session.predicate.identity;
    const used = consumed && Date.parse(consumed.predicate.clock.wall);
    const machine = machineReason(identity.fresh ?? identity.claims);
    const problem =
      placeProblem(place, predicate, { id, day: request.place.day }) ??
      attProblem(predicate, identity) ??
      answersProblem(predicate, subjects, { id, digest: request.digest }) ??
      selfProblem(identity, { iss, sub, jkts: [jkt, request.identity.jkt] }) ??
      (machine === undefined
        ? undefined
        : { step: 'human' as const, reason: `it is not by a person: ${machine}` }) ??
      freshProblem(predicate, identity) ??
      windowProblem(predicate, request.predicate, used) ??
      strengthProblem(predicate, request.predicate.asked.strength);
    if (problem) this.#invalid(problem.step, key, problem.reason);
  }

  /** Enough different people said what the session says they said. */
  #counted(answers: readonly Of<'decision'>[], { asked, key }: RequestPredicate): void {
    const { outcome, strength } = this.#named;
    if (answers.length > 0 && strength !== weakest(answers.map(({ predicate }) => predicate)))
      this.#invalid(
        'strength',
        this.#session.key,
        `it gives the answers of ${key} another strength than they have`,
      );
    if (outcome === 'used') {
      for (const { predicate, key: file } of answers)
        if (predicate.decision.answer !== 'approve')
          this.#invalid('decision', file, 'it is counted as an approval and is none');
      const people = new Set(answers.map(({ identity }) => canonical([identity.iss, identity.sub])));
      const keys = new Set(answers.map(({ identity }) => identity.jkt));
      const count = Math.min(people.size, keys.size);
      if (count < asked.quorum)
        this.#invalid('quorum', key, `${count} of the ${asked.quorum} people it needs had approved`);
    }
    if (outcome === 'denied' && !answers.some(({ predicate }) => predicate.decision.answer !== 'approve'))
      this.#invalid('decision', key, 'it is said to be denied and nobody denied it');
  }

  #used(
    request: Of<'request'>,
    answers: readonly Of<'decision'>[],
    consumed: Of<'consumed'> | undefined,
  ): void {
    const { outcome, decisions } = this.#named;
    if (!consumed) {
      if (outcome === 'used')
        this.#invalid('consumed', request.key, 'it is said to be used, and no use of it was put');
      return;
    }
    const { predicate, key, identity, place } = consumed;
    const fault = faultOfUse(predicate, { request, outcome, decisions });
    if (fault) this.#invalid('consumed', key, fault);
    if (place.day !== request.place.day || place.id !== request.place.id || predicate.id !== place.id)
      this.#invalid('key', key, 'it stands with another request');
    if (identity.att !== undefined) this.#invalid('att', key, 'its key was made for one decision');
    if (identity.iss !== request.identity.iss || identity.sub !== request.identity.sub)
      this.#invalid('consumed', key, 'it was put by somebody else than the person who asked');
    const at = Date.parse(predicate.clock.wall);
    if (answers.some((each) => Date.parse(each.predicate.clock.wall) > at + LEEWAY))
      this.#invalid('consumed', key, 'it was put before the answers it counts');
    this.#once(request.predicate, request.digest, at);
  }

  /** One session uses it, once; a window is open for its sessions until it ends. */
  #once({ asked, key }: RequestPredicate, digest: string, at: number): void {
    if (this.#named.outcome !== 'used') return;
    const { session } = this.#session.predicate;
    if (asked.purpose !== 'window') {
      this.#findings.used.push({ request: digest, key, session: session?.id ?? '' });
      return;
    }
    const end = at + (asked.duration ?? 0) * 1000;
    if (Date.parse(session?.opened ?? '') > end + LEEWAY)
      this.#invalid('window', key, 'the session was opened after this window had ended');
  }

  #notes(
    request: Of<'request'>,
    answers: readonly Of<'decision'>[],
    consumed: Of<'consumed'> | undefined,
  ): void {
    const { outcome, decisions } = this.#named;
    const { id } = request.predicate;
    if (outcome === 'expired' && answers.length === 0)
      this.#findings.notes.push({
        about: 'unanswered',
        file: request.key,
        text: `nobody answered request ${id}`,
      });
    if (outcome !== 'used' || !consumed) return;
    const later = consumed.predicate.clock.wall;
    for (const object of this.#objects) {
      if (!isOpened(object) || decisions.includes(object.digest)) continue;
      const { predicate, identity, key } = object;
      if (
        predicate.kind !== 'decision' ||
        !refuses(predicate, object, request) ||
        predicate.clock.wall > later
      )
        continue;
      const { answer } = predicate.decision;
      const text = `${identity.sub} answered ${answer} to request ${id} before it was used: see whether policy lets them`;
      this.#findings.notes.push({ about: 'overruled', file: key, text });
    }
  }
}

/** A genuine refusal of this request, by somebody else than its requester. */
function refuses(predicate: DecisionPredicate, object: OpenedObject, request: Of<'request'>): boolean {
  const { identity, subjects } = object;
  const { id } = request.predicate;
  const { iss, sub, jkt } = request.identity;
  return (
    predicate.decision.answer !== 'approve' &&
    !attProblem(predicate, identity) &&
    !answersProblem(predicate, subjects, { id, digest: request.digest }) &&
    !selfProblem(identity, { iss, sub, jkts: [jkt] })
  );
}

function faultOfUse(
  predicate: ConsumedPredicate,
  named: { request: Of<'request'>; outcome: string; decisions: readonly string[] },
): string | undefined {
  if (predicate.request !== named.request.digest) return 'it is the use of another request';
  if (predicate.outcome !== named.outcome)
    return `it says ${predicate.outcome}, the session ${named.outcome}`;
  if (canonical(predicate.decisions) !== canonical(named.decisions))
    return 'it counts other answers than the session';
  if (predicate.outcome === 'used' && predicate.clock.wall >= named.request.predicate.expires)
    return 'it was used after the request had expired';
  return undefined;
}
