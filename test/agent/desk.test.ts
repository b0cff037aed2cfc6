import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvidenceDesk } from '../../src/agent/desk.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the evidence of all stores', () => {
  let work: ReturnType<typeof workFolder>;
  beforeEach(() => {
    work = workFolder();
  });
  afterEach(() => work.remove());

  const desk = () =>
    new EvidenceDesk({
      folder: join(work.path, 'ledger'),
      environment: {},
      clock: systemClock,
      tool: { name: 'broker', version: '0.0.0', digest: `sha256:${'0'.repeat(64)}` },
      enforcement: 'local',
      log: SILENT,
    });

  it('is taken up again later where a queue could not be at first', async () => {
    const store = join(work.path, 'store');
    mkdirSync(store);
    const before = desk();
    const now = Date.now();
    const signIn = await fakeProvider().signIn('alice', { iat: now, exp: now + 3_600_000 });
    await before.begin(signIn, { url: `file:${store}`, unsafe: false });
    rmSync(store, { recursive: true });
    writeFileSync(store, 'the disk is not mounted');
    await before.stop();
    const after = desk();
    const bad = join(work.path, 'ledger', 'unreadable');
    mkdirSync(join(bad, 'store-address.json'), { recursive: true });
    expect(await after.resumeAll()).toBe(1);
    rmSync(bad, { recursive: true });
    expect(await after.resumeAll()).toBe(0);
    await after.stop();
  });

  it('says which sessions it could not seal, so that somebody tries again', async () => {
    const store = join(work.path, 'store');
    const now = Date.now();
    const at = desk();
    const signIn = await fakeProvider().signIn('alice', { iat: now, exp: now + 3_600_000 });
    await at.begin(signIn, { url: `file:${store}`, unsafe: false });
    const spool = join(work.path, 'spool');
    const session = join(spool, '1m0000000000000aa');
    mkdirSync(session, { recursive: true });
    writeFileSync(join(session, 'session.json'), 'torn');
    expect(await at.recover(spool, new Set())).toEqual([session]);
    await at.stop();
  });
});
