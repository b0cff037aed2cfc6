import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/lib/digest.ts';
import { parseBundle, parseStatementKey } from '../../src/model/bundle.ts';
import type { InTotoStatement } from '../../src/model/evidence.ts';
import { openStore } from '../../src/stores/index.ts';
import { fakeClock } from '../fakes/clock.ts';
import { install, openOrder, recordedSession, workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const HOUR = 3_600_000;
const provider = fakeProvider();
let work: ReturnType<typeof workFolder>;
let url: string;

beforeEach(() => {
  work = workFolder();
  url = `file:${join(work.path, 'store')}`;
});
afterEach(() => work.remove());

async function stored(store = url): Promise<{ key: string; bytes: Buffer; statement: InTotoStatement }[]> {
  const opened = await openStore(store, {});
  const found: { key: string; bytes: Buffer; statement: InTotoStatement }[] = [];
  for await (const { key } of opened.list('v1/stmt/')) {
    const bytes = Buffer.from((await opened.get(key)) ?? []);
    found.push({ key, bytes, statement: parseBundle(bytes).statement });
  }
  return found;
}

function signIn(clock: { now(): number }, sub = 'alice') {
  return provider.signIn(sub, { iat: clock.now(), exp: clock.now() + HOUR });
}

describe('the ledger', () => {
  it('chains epoch, open, session, attempt, access and seal, each naming the digest of the one before', async () => {
    const clock = fakeClock();
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(await signIn(clock));
    const folder = await recordedSession(at, 's1');
    expect((await at.ledger.sealSession(folder, { end: 'closed', exit: 0 })).kind).toBe('sealed');
    await at.ledger.attempt({
      session: openOrder(at, 's2').session,
      actor: { kind: 'human', name: 'alice' },
      code: 'policy-denied',
      policies: ['no-night-work'],
    });
    await at.ledger.access({ since: '30d', format: 'bundle' });
    await at.ledger.signOut();
    expect(await at.outbox.flush()).toBe(true);
    const all = await stored();
    expect(all.map(({ statement }) => statement.predicate.kind)).toEqual([
      'epoch',
      'open',
      'session',
      'attempt',
      'access',
      'seal',
    ]);
    let prev = '0'.repeat(64);
    for (const [seq, { key, bytes, statement }] of all.entries()) {
      expect(statement.predicate.chain).toMatchObject({ seq, prev, epoch: 1 });
      expect(statement.predicate.key).toBe(key);
      expect(parseStatementKey(key)?.seq).toBe(seq);
      prev = sha256(bytes);
    }
    expect(all[2]?.statement.predicate).toMatchObject({
      session: {
        id: 's1',
        end: 'closed',
        exit: 0,
        counts: { statements: 3, allowed: 3, denied: 0, rows: 3 },
      },
      events: { count: 8 },
      masking: { masked: 3 },
    });
    expect(existsSync(folder)).toBe(false);
  });

  it('refuses to open a session when nobody is signed in, or the sign-in has expired', async () => {
    const clock = fakeClock();
    const at = await install(work.path, url, clock);
    await expect(at.ledger.open(openOrder(at, 's1'))).rejects.toMatchObject({ code: 'not-signed-in' });
    await at.ledger.epoch(await signIn(clock));
    clock.advance(HOUR);
    await expect(at.ledger.open(openOrder(at, 's1'))).rejects.toMatchObject({ code: 'sign-in-expired' });
  });

  it('keeps a session whose sign-in expired in the spool and seals it with the next key', async () => {
    const clock = fakeClock();
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(await signIn(clock));
    const folder = await recordedSession(at, 's1');
    clock.advance(2 * HOUR);
    expect(await at.ledger.sealSession(folder, { end: 'closed' })).toEqual({
      kind: 'waiting',
      reason: 'sign-in-expired',
    });
    const next = await install(work.path, url, clock);
    expect(await next.ledger.recover(next.spool, new Set())).toEqual({
      sealed: [],
      waiting: ['s1'],
      failed: [],
    });
    await next.ledger.epoch(await signIn(clock));
    expect(await next.ledger.recover(next.spool, new Set())).toEqual({
      sealed: ['s1'],
      waiting: [],
      failed: [],
    });
    await next.outbox.flush();
    const kinds = (await stored()).map(({ statement }) => [
      statement.predicate.kind,
      statement.predicate.chain.epoch,
    ]);
    expect(kinds).toEqual([
      ['epoch', 1],
      ['open', 1],
      ['epoch', 2],
      ['session', 2],
    ]);
  });

  it('leaves the session of another person alone', async () => {
    const clock = fakeClock();
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(await signIn(clock));
    const folder = await recordedSession(at, 's1');
    await at.ledger.epoch(await signIn(clock, 'bob'));
    expect(await at.ledger.sealSession(folder, { end: 'closed' })).toEqual({
      kind: 'waiting',
      reason: 'other-identity',
    });
    expect(existsSync(folder)).toBe(true);
  });

  it('goes on where it was after a restart, without a new epoch for the same key', async () => {
    const clock = fakeClock();
    const signedIn = await signIn(clock);
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(signedIn);
    const next = await install(work.path, url, clock);
    expect(await next.ledger.resume(signedIn)).toBeUndefined();
    expect(await next.ledger.access({})).toMatchObject({ seq: 1 });
  });

  it('finds its place again from outbox and store when its own note is gone', async () => {
    const clock = fakeClock();
    const signedIn = await signIn(clock);
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(signedIn);
    await at.ledger.access({ n: 1 });
    const forget = () => {
      for (const name of readdirSync(join(work.path, 'state')))
        if (name.startsWith('chain-')) rmSync(join(work.path, 'state', name));
    };
    forget();
    const second = await install(work.path, url, clock);
    expect(await second.ledger.resume(signedIn)).toBeUndefined();
    expect(await second.ledger.access({ n: 2 })).toMatchObject({ seq: 2 });
    await second.outbox.flush();
    forget();
    const third = await install(work.path, url, clock);
    await third.ledger.resume(signedIn);
    expect(await third.ledger.access({ n: 3 })).toMatchObject({ seq: 3 });
  });

  it('does not seal a session twice when it died before removing the spool folder', async () => {
    const clock = fakeClock();
    const signedIn = await signIn(clock);
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(signedIn);
    const folder = await recordedSession(at, 's1');
    const kept = readdirSync(folder);
    await at.ledger.sealSession(folder, { end: 'closed' });
    expect(kept).toContain('session.json');
    // As if the process had died right before the removal.
    const again = await recordedSession(
      {
        ...at,
        ledger: {
          open: async (o: { folder: string; session: object; actor: object }) => {
            writeFileSync(join(o.folder, 'session.json'), '{}');
          },
        } as never,
      },
      's1',
    );
    const next = await install(work.path, url, clock);
    await next.ledger.resume(signedIn);
    expect(await next.ledger.recover(next.spool, new Set())).toEqual({ sealed: [], waiting: [], failed: [] });
    expect(existsSync(again)).toBe(false);
  });

  it('works offline once it has met the store, and uploads in order when it is back', async () => {
    const clock = fakeClock();
    const at = await install(work.path, url, clock);
    await at.ledger.epoch(await signIn(clock));
    await at.outbox.flush();
    const { renameSync } = await import('node:fs');
    renameSync(join(work.path, 'store'), join(work.path, 'gone'));
    writeFileSync(join(work.path, 'store'), 'not a folder');
    const folder = await recordedSession(at, 's1');
    await at.ledger.sealSession(folder, { end: 'closed' });
    expect(await at.outbox.flush()).toBe(false);
    expect(await at.outbox.backlog()).toMatchObject({
      statements: 2,
      problem: { code: 'store-unreachable' },
    });
    await expect(at.ledger.open({ ...openOrder(at, 's2'), requireOnline: true })).rejects.toMatchObject({
      code: 'store-unreachable',
    });
    rmSync(join(work.path, 'store'));
    renameSync(join(work.path, 'gone'), join(work.path, 'store'));
    expect(await at.outbox.flush()).toBe(true);
    expect(await at.outbox.backlog()).toEqual({ statements: 0, blobs: 0, bytes: 0 });
    expect((await stored()).map(({ statement }) => statement.predicate.kind)).toEqual([
      'epoch',
      'open',
      'session',
      'open',
    ]);
  });

  it('vouches for the newest statement of other writers', async () => {
    const clock = fakeClock();
    const at = await install(join(work.path, 'a'), url, clock);
    await at.ledger.epoch(await signIn(clock));
    await at.outbox.flush();
    const other = await install(join(work.path, 'b'), url, clock);
    await other.ledger.epoch(await signIn(clock, 'bob'));
    await other.outbox.flush();
    const [first, second] = await Promise.all([at.ledger.writer, other.ledger.writer]);
    const epoch = (await stored()).find(({ statement }) => statement.predicate.chain.writer === second);
    expect(epoch?.statement.predicate.seen.map(({ writer, seq }) => [writer, seq])).toEqual([[first, 0]]);
  });
});
