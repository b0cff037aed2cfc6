// What people ask and answer in the vectors, and what somebody who forges would have them say. Signs with whatever sign-in it is given.
import type { EpochSignIn } from '../../../src/agent/evidence.ts';
import {
  type ApprovalFile,
  attOf,
  buildConsumed,
  buildDecision,
  type RequestFile,
} from '../../../src/flow/escalate/index.ts';
import { openRecorder } from '../../../src/flow/record/journal.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import type { ApprovalDecision, ApprovalStrength, SessionApproval } from '../../../src/model/approval.ts';
import { blobKey } from '../../../src/model/bundle.ts';
import { decisionOn, requestBy, signing } from '../../fakes/approvals.ts';
import { type Installation, openOrder, origin, recordStatement } from '../../fakes/installation.ts';
import type { FakeProvider } from '../../fakes/sign-in.ts';

export const MINUTE = 60_000;

export interface People {
  readonly provider: FakeProvider;
  readonly alice: EpochSignIn;
  readonly bob: EpochSignIn;
  readonly store: string;
}

export interface AnswerWishes {
  readonly by?: string;
  readonly strength?: ApprovalStrength;
  readonly claims?: Record<string, unknown>;
  readonly decision?: Partial<ApprovalDecision>;
  /** What the sign-in attests, when it is not the decision; nothing when empty. */
  readonly att?: string;
  readonly at?: number;
}

/** Files as agents would put them, collected instead of put. */
export class Table {
  readonly files: Record<string, Uint8Array> = {};
  readonly #people: People;
  readonly #session: string;
  /** Milliseconds since the epoch when it was asked. */
  readonly at: number;

  constructor(people: People, session: string, at: number) {
    this.#people = people;
    this.#session = session;
    this.at = at;
  }

  #put<T extends ApprovalFile>(file: T, by: EpochSignIn): T {
    for (const text of [by.pkToken, ...by.sightings.map((each) => each.text)])
      this.files[blobKey(sha256(text))] = Buffer.from(text);
    this.files[file.key] = file.bytes;
    return file;
  }

  ask(
    id: string,
    more: Parameters<typeof requestBy>[1]['asked'] & { readonly by?: EpochSignIn } = {},
  ): RequestFile {
    const { alice, store } = this.#people;
    const { by = alice, ...asked } = more;
    const request = requestBy(by, {
      id,
      at: this.at,
      expires: this.at + 15 * MINUTE,
      asked: { session: this.#session, ...asked },
      thing: { session: this.#session, ...(asked.purpose ? { purpose: asked.purpose } : {}) },
      signing: { store },
    });
    return this.#put(request, by);
  }

  async answer(request: RequestFile, wishes: AnswerWishes = {}): Promise<ApprovalFile> {
    const { by = 'bob', strength = 'fresh-sign-in', claims, at = this.at + 30_000 } = wishes;
    const { provider, bob, store } = this.#people;
    const decision = decisionOn(request, at, { store, ...wishes.decision });
    const signIn =
      strength === 'session-key' && wishes.att === undefined
        ? bob
        : await provider.signIn(
            by,
            { iat: at, exp: at + 60 * MINUTE },
            { auth_time: Math.floor(at / 1000), ...claims },
            wishes.att === '' ? undefined : (wishes.att ?? attOf(decision)),
          );
    const place = { day: request.day, id: request.predicate.id, digest: request.digest };
    return this.#put(
      buildDecision(signing(signIn, at, { store }), { request: place, decision, strength }),
      signIn,
    );
  }

  consume(
    request: RequestFile,
    answers: readonly ApprovalFile[],
    more: { outcome?: SessionApproval['outcome']; by?: EpochSignIn; at?: number } = {},
  ): ApprovalFile {
    const { by = this.#people.alice, outcome = 'used', at = this.at + 40_000 } = more;
    const file = buildConsumed(signing(by, at, { store: this.#people.store }), {
      request: { day: request.day, id: request.predicate.id, digest: request.digest },
      decisions: answers.map(({ digest }) => digest),
      outcome,
    });
    return this.#put(file, by);
  }
}

export function named(
  request: RequestFile,
  answers: readonly ApprovalFile[],
  consumed: ApprovalFile | undefined,
  more: Partial<SessionApproval> = {},
): SessionApproval {
  return {
    id: request.predicate.id,
    day: request.day,
    request: request.digest,
    decisions: answers.map(({ digest }) => digest).sort(),
    ...(consumed ? { consumed: consumed.digest } : {}),
    outcome: 'used',
    ...(answers.length > 0 ? { strength: 'fresh-sign-in' as const } : {}),
    waited: 30_000_000,
    ...more,
  };
}

/** The session in which these requests ended. */
export async function askedSession(at: Installation, id: string, all: readonly SessionApproval[]): Promise<void> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock: at.clock });
  for (const each of all) recorder.append('approval.end', { ...each, conversation: 1, statement: 3 });
  await recorder.close();
  await at.ledger.sealSession(order.folder, { end: 'closed', exit: 0 });
}

/** A long session: two parts, and the rest with its end. */
export async function longSession(at: Installation, id: string): Promise<void> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock: at.clock });
  for (const part of [1, 2, 3]) {
    recordStatement(recorder, 2 * part);
    recordStatement(recorder, 2 * part + 1);
    recorder.flush();
    if (part < 3) await at.ledger.part(order.folder);
  }
  await recorder.close();
  await at.ledger.sealSession(order.folder, { end: 'closed', exit: 0 });
}

/** In the valid store: one request approved afresh, one weakly, one denied; and a long session. */
export async function tellStory(
  people: People,
  at: { readonly alice: Installation; readonly bob: Installation },
  put: (key: string, bytes: Uint8Array) => Promise<unknown>,
  now: number,
): Promise<void> {
  const table = new Table(people, 'a5', now);
  const drop = table.ask('request-1');
  const approved = await table.answer(drop);
  const used = table.consume(drop, [approved]);
  const weak = table.ask('request-2', { strength: 'session-key' });
  const nodded = await table.answer(weak, { strength: 'session-key' });
  const spent = table.consume(weak, [nodded]);
  const denied = table.ask('request-3');
  const refused = await table.answer(denied, { decision: { answer: 'deny' } });
  const over = table.consume(denied, [refused], { outcome: 'denied' });
  for (const [key, bytes] of Object.entries(table.files)) await put(key, bytes);
  const mirrors = [
    [drop, approved, 'approve', 'fresh-sign-in'],
    [weak, nodded, 'approve', 'session-key'],
    [denied, refused, 'deny', 'fresh-sign-in'],
  ] as const;
  for (const [request, { digest: decision }, answer, strength] of mirrors) {
    const { day, digest, predicate } = request;
    await at.bob.ledger.approve({ id: predicate.id, day, request: digest, decision, answer, strength });
  }
  await askedSession(at.alice, 'a5', [
    named(drop, [approved], used),
    named(weak, [nodded], spent, { strength: 'session-key' }),
    named(denied, [refused], over, { outcome: 'denied' }),
  ]);
  await longSession(at.alice, 'a6');
}
