// People at a real provider, and a real store between them: what attacks on approvals are made of.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { AP_STEPS, type ApprovalFile, type RequestFile } from '../../src/flow/escalate/index.ts';
import { type SignedIn, signIn, toSigner } from '../../src/identity/index.ts';
import { discover } from '../../src/identity/provider.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { ApprovalDecision } from '../../src/model/approval.ts';
import {
  attOf,
  type Bench,
  type CheckWishes,
  checkStored,
  dbaMayApprove,
  decisionBy,
  decisionOn,
  openBench,
  putProofs,
  requestBy,
} from '../fakes/approvals.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

export const MINUTE = 60_000;
const ACCOUNTS = {
  alice: { groups: ['developers', 'dba'], email: 'alice@example.com' },
  dana: { groups: ['dba', 'developers'], email: 'dana@example.com', name: 'Dana Example' },
  emil: { groups: ['dba'] },
  mallory: { groups: ['developers'] },
  'service-account-deploy@clients': { groups: ['dba'] },
};

export let provider: ProviderPeer;
export let elsewhere: ProviderPeer;
export let bench: Bench;
/** Alice's sign-in, with which she asks. */
export let alice: EpochSignIn;
/** Dana's ordinary sign-in. */
export let dana: EpochSignIn;
let jwks: CheckWishes['jwks'];
/** When the suite began: everything is asked and answered around it. */
export let now: number;

function toEpoch(signedIn: SignedIn): EpochSignIn {
  return {
    signer: toSigner(signedIn),
    pkToken: signedIn.pkToken,
    sightings: signedIn.sightings,
    validUntil: signedIn.expires,
  };
}

interface Entry {
  readonly at?: ProviderPeer;
  readonly client?: 'evidence' | 'target';
  readonly att?: string;
  readonly fresh?: boolean;
}

export async function enter(
  account: string,
  { at = provider, client = 'evidence', att, fresh = true }: Entry = {},
) {
  const signedIn = await signIn({
    settings: {
      issuer: at.issuer,
      clientId: client === 'evidence' ? at.evidenceClientId : at.targetClientId,
      scopes: ['openid', 'email', 'profile', 'groups'],
      groupsClaim: 'groups',
      redirectPort: 0,
    },
    mode: 'browser',
    clock: systemClock,
    signal: AbortSignal.timeout(30_000),
    show: (prompt) => void at.signInOverHttp(prompt.url, account).catch(() => {}),
    ...(att === undefined ? {} : { att }),
    ...(fresh ? { maxAge: 0 } : {}),
  });
  const entered = toEpoch(signedIn);
  await putProofs(bench.store, entered);
  return entered;
}

let requests = 0;

/** Alice asks; the request is in the store. */
export async function ask(more: Partial<Parameters<typeof requestBy>[1]> = {}): Promise<RequestFile> {
  requests += 1;
  const id = `request-${String(requests).padStart(4, '0')}`;
  const request = requestBy(alice, { id, at: now, expires: now + 15 * MINUTE, ...more });
  await bench.store.put(request.key, request.bytes);
  return request;
}

/** Somebody signs in afresh for a decision and puts it. */
export async function answer(
  account: string,
  request: RequestFile,
  more: { decision?: Partial<ApprovalDecision>; entry?: Entry; at?: number } = {},
): Promise<ApprovalFile> {
  const at = more.at ?? now;
  const decision = decisionOn(request, at, more.decision);
  const entered = await enter(account, { ...more.entry, att: attOf(decision) });
  return put(decisionBy(entered, request, decision, { at }));
}

export async function put(file: ApprovalFile): Promise<ApprovalFile> {
  expect(await bench.store.put(file.key, file.bytes)).toBe('created');
  return file;
}

export function check(request: RequestFile, { key }: { key: string }, more: Partial<CheckWishes> = {}) {
  const { iss, sub, jkt } = alice.signer.identity;
  return checkStored(bench.store, request, key, {
    jwks,
    settings: { issuer: provider.issuer, audiences: [provider.evidenceClientId], groupsClaim: 'groups' },
    requester: { iss, sub, jkts: [jkt] },
    now: now + MINUTE,
    mayApprove: dbaMayApprove,
    strengthAllowed: 'fresh-sign-in',
    ...more,
  });
}

/** What the check says, as a person would read it: the step that refused, or who it takes. */
export async function outcome(work: ReturnType<typeof check>): Promise<string> {
  const result = await work;
  if (result.ok) return `${result.answer} by ${result.sub} (${result.strength})`;
  expect(AP_STEPS).toContain(result.step);
  expect(result.reason).toMatch(/^\S.*[^.\s]$/);
  return `refused: ${result.step}`;
}

/** Two providers, an empty store, and two people who signed in. */
export async function openApprovals(): Promise<void> {
  bench = await openBench();
  provider = await startProvider({ accounts: ACCOUNTS });
  elsewhere = await startProvider({ accounts: ACCOUNTS });
  alice = await enter('alice', { fresh: false });
  dana = await enter('dana', { fresh: false });
  jwks = await keysOf(provider);
  now = Date.now();
}

/** A provider's keys as it publishes them now. */
export async function keysOf({
  issuer,
  evidenceClientId: clientId,
}: ProviderPeer): Promise<CheckWishes['jwks']> {
  return JSON.parse((await (await discover({ issuer, clientId, clock: systemClock })).sightJwks()).text);
}

export async function closeApprovals(): Promise<void> {
  await Promise.all([provider?.stop(), elsewhere?.stop()]);
  bench?.close();
}

/** Somebody with rights on the folder itself does not ask whether an object exists. */
export async function overwrite(key: string, bytes: Uint8Array): Promise<void> {
  rmSync(`${bench.folder}/${key}`);
  writeFileSync(`${bench.folder}/${key}`, bytes);
  chmodSync(`${bench.folder}/${key}`, 0o600);
}
