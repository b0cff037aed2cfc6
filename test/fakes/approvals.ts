// Two people, one store and a request between them: puts what agents put, reads what agents read. Signs in with whatever it is given.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import {
  type ApprovalFile,
  attOf,
  buildDecision,
  buildRequest,
  checkDecision,
  type DecisionCheck,
  type RequestFile,
  type Signing,
  tokenDigest,
} from '../../src/flow/escalate/index.ts';
import { timestamp } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type {
  ApprovalDecision,
  ApprovalStrength,
  ApprovedThing,
  Asked,
  RequestPredicate,
} from '../../src/model/approval.ts';
import { blobKey } from '../../src/model/bundle.ts';
import type { User } from '../../src/model/principal.ts';
import type { Store } from '../../src/model/store.ts';
import { openStore } from '../../src/stores/index.ts';

export const STORE_ID = 'storeaaaaaaaaaaaaaaaaaaaaa';
export const OTHER_STORE = 'otherbbbbbbbbbbbbbbbbbbbbb';
export const TOOL = { name: 'access-broker', version: '0.0.0', digest: 'f'.repeat(64) };
export const POLICY = sha256('the policies in force');
export const NONCE = '5'.repeat(64);
export const SQL = 'DROP TABLE public.orders';

/** RFC 3339 with six decimals of milliseconds since the epoch. */
export const stamp = (milliseconds: number) => timestamp(milliseconds * 1000);

export interface Bench {
  readonly store: Store;
  readonly folder: string;
  close(): void;
}

export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'approvals-'));
  mkdirSync(join(folder, 'store'), { mode: 0o700 });
  const store = await openStore(`file:${folder}/store`, {});
  return {
    store,
    folder: join(folder, 'store'),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Whoever signs, at a time, for the store; a test may lie about any of it. */
export function signing(signIn: EpochSignIn, at: number, more: Partial<Signing> = {}): Signing {
  return {
    signer: signIn.signer,
    store: STORE_ID,
    clock: { wall: stamp(at), monotonic: '1000' },
    tool: TOOL,
    jwks: signIn.sightings.map(({ text }) => sha256(text)),
    ...more,
  };
}

/** PK token and the provider's keys, as every agent puts them before what they sign. */
export async function putProofs(store: Store, signIn: EpochSignIn): Promise<void> {
  for (const text of [signIn.pkToken, ...signIn.sightings.map((each) => each.text)])
    await store.put(blobKey(sha256(text)), Buffer.from(text));
}

export function thingOf(
  requester: ApprovedThing['requester'],
  expires: number,
  more: Partial<ApprovedThing> = {},
) {
  return {
    purpose: 'statement' as const,
    connection: 'prod-db',
    session: '1jbx2k3m4n5p6q7r8',
    requester,
    statement: sha256(SQL),
    parameters: [],
    policyDigest: POLICY,
    policies: ['drops-ask'],
    expires: stamp(expires),
    nonce: NONCE,
    ...more,
  };
}

export function askedOf(more: Partial<Omit<Asked, 'exact'>> = {}): Omit<Asked, 'exact'> {
  return {
    purpose: 'statement',
    connection: 'prod-db',
    session: '1jbx2k3m4n5p6q7r8',
    statement: 3,
    text: SQL,
    titles: ['DROP TABLE public.orders'],
    actions: [{ action: 'sql:drop', resource: { type: 'Table', id: 'prod-db/public.orders' } }],
    tables: ['public.orders'],
    inTransaction: true,
    client: 'connect',
    policies: ['drops-ask'],
    policyDigest: POLICY,
    reason: 'dropping a table loses data',
    quorum: 1,
    ...more,
  };
}

export interface RequestWishes {
  readonly id?: string;
  readonly at: number;
  readonly expires: number;
  readonly asked?: Partial<Omit<Asked, 'exact'>>;
  readonly thing?: Partial<ApprovedThing>;
  readonly requester?: Partial<RequestPredicate['requester']>;
  readonly signing?: Partial<Signing>;
}

/** A request as its requester's agent makes it. */
export function requestBy(signIn: EpochSignIn, wishes: RequestWishes): RequestFile {
  const { iss, sub } = signIn.signer.identity;
  return buildRequest(signing(signIn, wishes.at, wishes.signing), {
    id: wishes.id ?? 'r7k2m4n5p6q7r8s9t',
    requester: { iss, sub, ...wishes.requester },
    asked: askedOf(wishes.asked),
    thing: thingOf({ iss, sub }, wishes.expires, wishes.thing),
  });
}

export function decisionOn(
  request: RequestFile,
  at: number,
  more: Partial<ApprovalDecision> = {},
): ApprovalDecision {
  return {
    request: request.digest,
    store: STORE_ID,
    id: request.predicate.id,
    answer: 'approve',
    time: stamp(at),
    nonce: '9'.repeat(64),
    ...more,
  };
}

/** An answer signed by a sign-in. `decision` is what the file says, whatever the sign-in attests. */
export function decisionBy(
  signIn: EpochSignIn,
  request: RequestFile,
  decision: ApprovalDecision,
  wishes: { readonly at: number; readonly strength?: ApprovalStrength; readonly signing?: Partial<Signing> },
): ApprovalFile {
  return buildDecision(signing(signIn, wishes.at, wishes.signing), {
    request: { day: request.day, id: request.predicate.id, digest: request.digest },
    decision,
    strength: wishes.strength ?? 'fresh-sign-in',
  });
}

export type CheckWishes = Omit<DecisionCheck, 'request' | 'file' | 'pkToken'>;

/** Checks a decision as the requester's agent does: everything but its own request comes out of the store. */
export async function checkStored(store: Store, request: RequestFile, key: string, wishes: CheckWishes) {
  const bytes = await store.get(key);
  if (!bytes) throw new Error(`${key} was not put`);
  const named = tokenDigest(bytes);
  const token = named === undefined ? undefined : await store.get(blobKey(named));
  return checkDecision({
    ...wishes,
    request: { bytes: request.bytes, predicate: request.predicate, stored: await store.get(request.key) },
    file: { key, bytes },
    pkToken: token && Buffer.from(token).toString(),
  });
}

/** Policy as the attacks need it: members of `dba` may approve. */
export function dbaMayApprove({ groups }: User): { outcome: 'allow' | 'deny'; policies: string[] } {
  return groups.includes('dba')
    ? { outcome: 'allow', policies: ['dbas-approve'] }
    : { outcome: 'deny', policies: [] };
}

export { attOf };
