// A session in which people were asked, in a store as agents leave it: for those who look at it afterwards.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import {
  type ApprovalFile,
  attOf,
  buildConsumed,
  type RequestFile,
  type Signing,
} from '../../src/flow/escalate/index.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { type VerifyOptions, verifyStore } from '../../src/flow/verify/index.ts';
import type { ApprovalDecision, ApprovalStrength, SessionApproval } from '../../src/model/approval.ts';
import type { Store } from '../../src/model/store.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { decisionBy, decisionOn, putProofs, requestBy, signing } from './approvals.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type Installation, install, openOrder, origin, workFolder } from './installation.ts';
import { fakeProvider } from './sign-in.ts';

export const HOUR = 3_600_000;
export const MINUTE = 60_000;
export const provider = fakeProvider();
export const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
export const SESSION = '1jbx2k3m4n5p6q7r8';

export let work: ReturnType<typeof workFolder>;
export let clock: FakeClock;
export let root: string;
export let store: Store;
export let id: string;
export let mine: Installation;
export let theirs: Installation;
export let alice: EpochSignIn;
export let dana: EpochSignIn;

export const times = () => ({ iat: clock.now(), exp: clock.now() + HOUR });

export async function openStory(): Promise<void> {
  work = workFolder();
  clock = fakeClock();
  root = join(work.path, 'store');
  store = await openStore(`file:${root}`, {});
  mine = await install(join(work.path, 'alice'), `file:${root}`, clock);
  theirs = await install(join(work.path, 'dana'), `file:${root}`, clock);
  alice = await provider.signIn('alice', times(), { name: 'Alice Author', email: 'alice@example.test' });
  dana = await provider.signIn('dana', times());
  await mine.ledger.epoch(alice);
  await theirs.ledger.epoch(dana);
  ({ id } = await identifyStore(store));
}

export async function closeStory(): Promise<void> {
  await store.close();
  work.remove();
}

export const here = (): Partial<Signing> => ({ store: id });

export async function put(file: ApprovalFile): Promise<void> {
  expect(await store.put(file.key, file.bytes)).toBe('created');
}

export async function ask(more: Partial<Parameters<typeof requestBy>[1]> = {}): Promise<RequestFile> {
  await putProofs(store, alice);
  const request = requestBy(alice, {
    at: clock.now(),
    expires: clock.now() + 15 * MINUTE,
    ...more,
    asked: { session: SESSION, ...more.asked },
    thing: { session: SESSION, ...more.thing },
    signing: here(),
  });
  await put(request);
  return request;
}

export interface Answer {
  readonly by?: string;
  readonly decision?: Partial<ApprovalDecision>;
  readonly strength?: ApprovalStrength;
  readonly claims?: Record<string, unknown>;
  readonly mirror?: boolean;
  /** The sign-in is for this instead of the decision. */
  readonly att?: string;
}

/** Somebody signs in afresh for a decision, puts it, and repeats it in their own chain. */
export async function answer(request: RequestFile, more: Answer = {}): Promise<ApprovalFile> {
  const { by = 'dana', strength = 'fresh-sign-in', mirror = true } = more;
  const decision = decisionOn(request, clock.now(), { store: id, ...more.decision });
  const claims = { auth_time: Math.floor(clock.now() / 1000), ...more.claims };
  const fresh =
    strength === 'session-key'
      ? dana
      : await provider.signIn(by, times(), claims, more.att ?? attOf(decision));
  await putProofs(store, fresh);
  const file = decisionBy(fresh, request, decision, { at: clock.now(), strength, signing: here() });
  await put(file);
  if (mirror)
    await theirs.ledger.approve({
      id: request.predicate.id,
      day: request.day,
      request: request.digest,
      decision: file.digest,
      answer: decision.answer,
      strength,
    });
  return file;
}

type Outcome = SessionApproval['outcome'];

export async function consume(
  request: RequestFile,
  answers: readonly ApprovalFile[],
  outcome: Outcome = 'used',
  by = alice,
) {
  const file = buildConsumed(signing(by, clock.now(), here()), {
    request: { day: request.day, id: request.predicate.id, digest: request.digest },
    decisions: answers.map(({ digest }) => digest),
    outcome,
  });
  await put(file);
  return file;
}

export function named(
  request: RequestFile,
  answers: readonly ApprovalFile[],
  consumed?: ApprovalFile,
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
    waited: 42_000_000,
    ...more,
  };
}

/** Alice's session, in which these requests ended; then everybody logs out and all is in the store. */
export async function seal(approvals: readonly SessionApproval[], session = SESSION): Promise<void> {
  const order = openOrder(mine, session);
  await mine.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(session), clock });
  for (const each of approvals) recorder.append('approval.end', { ...each, conversation: 1, statement: 3 });
  await recorder.close();
  await mine.ledger.sealSession(order.folder, { end: 'closed' });
}

export async function finish(): Promise<void> {
  for (const { ledger, outbox } of [mine, theirs]) {
    await ledger.signOut();
    expect(await outbox.flush()).toBe(true);
  }
}

export async function verify(options: Partial<VerifyOptions> = {}) {
  return verifyStore(store, { store: id, now: clock.now(), pins, ...options });
}

/** What is wrong, as verdict and step. */
export async function faults(options: Partial<VerifyOptions> = {}): Promise<string[]> {
  const { integrity, completeness } = await verify(options);
  return [...integrity.findings, ...completeness.findings].map((each) => `${each.verdict} ${each.step}`);
}

export function overwrite(key: string, bytes: Uint8Array): void {
  rmSync(join(root, key));
  writeFileSync(join(root, key), bytes);
  chmodSync(join(root, key), 0o600);
}

/** Asked, approved by dana, used, sealed. */
export async function approvedSession() {
  const request = await ask();
  clock.advance(30_000);
  const decided = await answer(request);
  const consumed = await consume(request, [decided]);
  return { request, decided, consumed };
}

export async function sealed() {
  const scene = await approvedSession();
  await seal([named(scene.request, [scene.decided], scene.consumed)]);
  await finish();
  return scene;
}
