// Long sessions reach the store before they end, and an end that does not come is told of.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partIsDue } from '../../src/agent/parts.ts';
import { nextLook, sealDue, WITHIN } from '../../src/agent/promise.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { sealedEvents, verifyStore } from '../../src/flow/verify/index.ts';
import { blobKey, parseBundle } from '../../src/model/bundle.ts';
import type { Recorder } from '../../src/model/event.ts';
import { eventLogs } from '../../src/model/sealed.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { type FakeClock, fakeClock } from '../fakes/clock.ts';
import {
  type Installation,
  install,
  openOrder,
  origin,
  recordStatement,
  workFolder,
} from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const provider = fakeProvider();
const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
let work: ReturnType<typeof workFolder>;
let clock: FakeClock;
let at: Installation;
let url: string;
let signIn: Awaited<ReturnType<typeof provider.signIn>>;

beforeEach(async () => {
  work = workFolder();
  clock = fakeClock();
  url = `file:${join(work.path, 'store')}`;
  at = await install(work.path, url, clock);
  signIn = await provider.signIn('alice', { iat: clock.now(), exp: clock.now() + 10 * DAY });
  await at.ledger.epoch(signIn);
});
afterEach(() => work.remove());

async function begin(id: string): Promise<{ folder: string; recorder: Recorder }> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock });
  recorder.append('session.open', { client: 'query', listener: '127.0.0.1:1' });
  return { folder: order.folder, recorder };
}

function record(recorder: Recorder, from: number, to: number): void {
  for (let number = from; number <= to; number++) recordStatement(recorder, number);
  recorder.flush();
}

async function verify(now = clock.now()) {
  expect(await at.outbox.flush()).toBe(true);
  const store = await openStore(url, {});
  return verifyStore(store, { store: (await identifyStore(store)).id, now, pins });
}

const faults = async (now?: number) => {
  const { integrity, completeness } = await verify(now);
  return [...integrity.findings, ...completeness.findings].map(({ verdict, step }) => `${verdict} ${step}`);
};

async function statements() {
  const store = await openStore(url, {});
  const found = [];
  for await (const { key } of store.list('v1/stmt/'))
    found.push(parseBundle((await store.get(key)) ?? new Uint8Array()).statement);
  return found;
}

describe('parts of a session', () => {
  it('are named by its end, and read one after the other they are its events', async () => {
    const { folder, recorder } = await begin('s1');
    record(recorder, 1, 2);
    expect((await at.ledger.part(folder))?.kind).toBe('part');
    expect(await at.ledger.part(folder)).toBeUndefined();
    record(recorder, 3, 5);
    await at.ledger.part(folder);
    record(recorder, 6, 6);
    await recorder.close();
    await at.ledger.sealSession(folder, { end: 'closed' });
    await at.ledger.signOut();
    const result = await verify();
    expect([result.integrity, result.completeness]).toMatchObject([{ findings: [] }, { findings: [] }]);
    expect(result.checked).toMatchObject({ events: 13, sessions: 1 });
    const all = await statements();
    const session = all.find(({ predicate }) => predicate.kind === 'session');
    expect(session?.predicate).toMatchObject({ events: { count: 13 }, parts: [{ seq: 2 }, { seq: 3 }] });
    expect(session?.predicate.session?.counts).toMatchObject({ statements: 6, rows: 6 });
    const store = await openStore(url, {});
    const logs = await Promise.all(
      eventLogs(session?.subject ?? []).map(
        async (digest) => (await store.get(blobKey(digest))) ?? new Uint8Array(),
      ),
    );
    const numbers: unknown[] = [];
    for await (const { batch } of sealedEvents(logs, 's1'))
      numbers.push(...batch.map(({ value }) => value['seq']));
    expect(numbers).toEqual(Array.from({ length: 13 }, (_, index) => index));
  });

  it('leave a line alone that is still being written', async () => {
    const { folder, recorder } = await begin('s1');
    record(recorder, 1, 1);
    const { appendFileSync, truncateSync, statSync } = await import('node:fs');
    const file = join(folder, 'events-worker-0.jsonl');
    const { size } = statSync(file);
    appendFileSync(file, '{"data":{"rea');
    await at.ledger.part(folder);
    truncateSync(file, size);
    record(recorder, 2, 2);
    await recorder.close();
    await at.ledger.sealSession(folder, { end: 'closed' });
    await at.ledger.signOut();
    expect(await faults()).toEqual([]);
    const session = (await statements()).find(({ predicate }) => predicate.kind === 'session');
    expect(session?.predicate.events?.count).toBe(5);
    expect(session?.predicate.detail).toBeUndefined();
  });

  it('are gone on from by another agent after theirs was killed', async () => {
    const { folder, recorder } = await begin('s1');
    record(recorder, 1, 2);
    await at.ledger.part(folder);
    record(recorder, 3, 3);
    await recorder.close();
    // What a kill leaves: files. The head file is lost too; outbox and store know the chain.
    const { rmSync, readdirSync } = await import('node:fs');
    const state = join(work.path, 'state');
    expect(await at.outbox.flush()).toBe(true);
    for (const name of readdirSync(state)) if (name.startsWith('chain-')) rmSync(join(state, name));
    at = await install(work.path, url, clock);
    await at.ledger.resume(signIn);
    expect(await at.ledger.recover(at.spool, new Set())).toMatchObject({ sealed: ['s1'], failed: [] });
    await at.ledger.signOut();
    expect(await faults()).toEqual([]);
    const session = (await statements()).find(({ predicate }) => predicate.kind === 'session');
    expect(session?.predicate).toMatchObject({
      session: { end: 'interrupted' },
      events: { count: 7 },
      parts: [{ seq: 2 }],
    });
  });

  it('show a session whose machine is lost: it is OVERDUE, then UNFINISHED, and the parts hold', async () => {
    const { folder, recorder } = await begin('s1');
    record(recorder, 1, 2);
    clock.advance(HOUR);
    await at.ledger.part(folder);
    expect(await faults()).toEqual([]);
    expect(await faults(clock.now() + WITHIN * 1000)).toEqual([]);
    expect(await faults(clock.now() + WITHIN * 1000 + HOUR)).toEqual(['OVERDUE session', 'OVERDUE seal']);
    expect(await faults(clock.now() + DAY + HOUR)).toEqual(['UNFINISHED session', 'UNSEALED seal']);
    expect((await verify()).integrity.verdict).toBe('VALID');
    await recorder.close();
  });

  it('come when there is enough that is new, rarer the more there are, and not without end', () => {
    expect(partIsDue(0, { bytes: 0, since: DAY })).toBe(false);
    expect(partIsDue(0, { bytes: 10, since: 299_000 })).toBe(false);
    expect(partIsDue(0, { bytes: 10, since: 300_000 })).toBe(true);
    expect(partIsDue(0, { bytes: 4 * 2 ** 20, since: 5_000 })).toBe(true);
    expect(partIsDue(10, { bytes: 4 * 2 ** 20, since: 300_000 })).toBe(false);
    expect(partIsDue(10, { bytes: 10, since: 600_000 })).toBe(true);
    expect(partIsDue(48, { bytes: 2 ** 40, since: 10 * DAY })).toBe(false);
  });
});

describe('the promise of an epoch', () => {
  it('is kept: a day that is over is sealed once, and an open session is spoken of', async () => {
    const { folder, recorder } = await begin('s1');
    expect(await at.ledger.keep()).toBeUndefined();
    clock.advance(DAY);
    expect((await at.ledger.keep())?.kind).toBe('seal');
    expect(await at.ledger.keep()).toBeUndefined();
    clock.advance(2 * HOUR);
    expect((await at.ledger.keep())?.kind).toBe('seal');
    expect(await faults(clock.now() + 3 * HOUR)).toEqual([]);
    await recorder.close();
    await at.ledger.sealSession(folder, { end: 'closed' });
    clock.advance(2 * HOUR);
    await at.ledger.keep();
    clock.advance(9 * HOUR);
    expect(await at.ledger.keep()).toBeUndefined();
    expect(await faults(clock.now() + 5 * DAY)).toEqual([]);
    const seals = (await statements()).filter(({ predicate }) => predicate.kind === 'seal');
    expect(seals.map(({ predicate }) => predicate.detail)).toEqual([
      { reason: 'day', open: ['s1'], day: '2026-03-01' },
      { reason: 'quiet', open: ['s1'] },
      { reason: 'quiet', open: [] },
    ]);
  });

  it('has its last word before the key ends', () => {
    const head = { writer: 'w', epoch: 1, next: 1, prev: '', jkt: '', open: [], unremoved: [] };
    const wall = '2026-03-01T08:00:00.000000Z';
    const now = Date.parse(wall);
    const opened = { ...head, last: { kind: 'session', wall } } as const;
    expect(sealDue(opened, now, now + 9_000)).toBeUndefined();
    expect(sealDue(opened, now, now + 7_000)).toMatchObject({ reason: 'expiring' });
    expect(sealDue({ ...head, last: { kind: 'seal', wall } }, now, now + 7_000)).toBeUndefined();
    expect(nextLook(now, now + 20_000)).toBe(13_000);
    expect(nextLook(now, now + 2_000)).toBe(60_000);
  });
});
