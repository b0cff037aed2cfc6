// Fifty people write into one store at once: nothing is lost, and they vouch for each other.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyStore } from '../../src/flow/verify/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { parseBundle } from '../../src/model/bundle.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { type Installation, install, recordedSession, workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';

const WRITERS = 50;
const provider = fakeProvider();
const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
type Environment = Readonly<Record<string, string>>;
let work: ReturnType<typeof workFolder>;
beforeEach(() => {
  work = workFolder();
});
afterEach(() => work.remove());

async function dayOf(at: Installation, sub: string): Promise<void> {
  const now = systemClock.now();
  await at.ledger.epoch(await provider.signIn(sub, { iat: now, exp: now + 3_600_000 }));
  for (const nth of [1, 2]) {
    const folder = await recordedSession(at, `${sub}-${nth}`);
    await at.ledger.sealSession(folder, { end: 'closed', exit: 0 });
  }
  await at.ledger.signOut();
  expect(await at.outbox.flush(50_000)).toBe(true);
}

async function allAtOnce(url: string, environment: Environment): Promise<void> {
  const people = Array.from({ length: WRITERS }, (_, nth) => `person-${nth}`);
  const at = await Promise.all(
    people.map((sub) => install(join(work.path, sub), url, systemClock, environment)),
  );
  await Promise.all(at.map((each, nth) => dayOf(each, people[nth] ?? '')));
  const store = await openStore(url, environment);
  const { id } = await identifyStore(store);
  let links = 0;
  const result = await verifyStore(store, {
    store: id,
    now: systemClock.now(),
    pins,
    onStatement: ({ bytes }) => {
      links += parseBundle(bytes).statement.predicate.seen.length;
    },
  });
  expect([result.integrity, result.completeness]).toMatchObject([{ findings: [] }, { findings: [] }]);
  expect(result.checked).toMatchObject({ statements: WRITERS * 6, sessions: WRITERS * 2 });
  expect(result.signers).toHaveLength(WRITERS);
  expect(links).toBeGreaterThan(WRITERS);
  await Promise.all(at.map(({ link }) => link.close()));
  await store.close();
}

describe('fifty writers at once', () => {
  it('in a folder', () => allAtOnce(`file:${join(work.path, 'store')}`, {}), 60_000);

  it.runIf(peer('s3'))(
    'in a bucket of a real gateway',
    async () => {
      const s3: S3Peer = await startS3();
      try {
        await s3.createBucket('crowd');
        await allAtOnce(s3.url('crowd'), s3.owner.environment);
      } finally {
        await s3.stop();
      }
    },
    180_000,
  );
});
