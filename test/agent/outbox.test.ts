import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyStore } from '../../src/flow/verify/index.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { type FakeClock, fakeClock } from '../fakes/clock.ts';
import { type Installation, install, recordedSession, workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const provider = fakeProvider();
let work: ReturnType<typeof workFolder>;
let clock: FakeClock;
let at: Installation;
let root: string;

beforeEach(async () => {
  work = workFolder();
  clock = fakeClock();
  root = join(work.path, 'store');
  at = await install(work.path, `file:${root}`, clock);
  await at.ledger.epoch(await provider.signIn('alice', { iat: clock.now(), exp: clock.now() + 3_600_000 }));
  expect(await at.outbox.flush()).toBe(true);
});
afterEach(() => work.remove());

describe('evidence that waits for its store', () => {
  it.each(['nothing', 'an empty folder', 'another store'])(
    'is kept while there is %s in its place',
    async (what) => {
      renameSync(root, `${root}.away`);
      if (what !== 'nothing') mkdirSync(root);
      if (what === 'another store') await identifyStore(await openStore(`file:${root}`, {}), true);
      const folder = await recordedSession(at, 's1');
      await at.ledger.sealSession(folder, { end: 'closed' });
      expect(await at.outbox.flush()).toBe(false);
      expect((await at.outbox.backlog()).problem?.code).toBe('store-unreachable');
      expect(existsSync(root) ? readdirSync(join(root), { recursive: true }).join(' ') : '').not.toContain(
        'stmt',
      );

      rmSync(root, { recursive: true, force: true });
      renameSync(`${root}.away`, root);
      await at.ledger.signOut();
      expect(await at.outbox.flush()).toBe(true);
      const store = await openStore(`file:${root}`, {});
      const { id } = await identifyStore(store);
      const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
      const result = await verifyStore(store, { store: id, now: clock.now(), pins });
      expect([result.integrity.verdict, result.completeness.verdict]).toEqual(['VALID', 'COMPLETE']);
    },
  );
});
