// A store with the evidence of two people, sealed and uploaded, and a configuration that points at it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type Installation, install, openOrder, recordedSession, workFolder } from './installation.ts';
import { type FakeProvider, fakeProvider } from './sign-in.ts';

const HOUR = 3_600_000;

export interface Archive {
  readonly folder: string;
  readonly root: string;
  readonly url: string;
  readonly clock: FakeClock;
  readonly provider: FakeProvider;
  readonly alice: Installation;
  readonly bob: Installation;
  /** Alice's sign-in, for those who forge. */
  readonly signIn: EpochSignIn;
  readonly bobsSignIn: EpochSignIn;
  /** What a command needs to find it. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

async function work(
  at: Installation,
  provider: FakeProvider,
  sub: string,
  sessions: readonly string[],
): Promise<EpochSignIn> {
  const signIn = await provider.signIn(sub, { iat: at.clock.now(), exp: at.clock.now() + HOUR });
  await at.ledger.epoch(signIn);
  for (const id of sessions) {
    const folder = await recordedSession(at, id);
    writeFileSync(
      join(folder, 'front.cast'),
      '{"version":2,"width":80,"height":24}\n[0.1,"o","hello\\r\\n"]\n',
    );
    await at.ledger.sealSession(folder, { end: 'closed', exit: 0 });
  }
  return signIn;
}

/** Three sessions of alice and one of bob, on a folder store. */
export async function makeArchive(
  remote?: { readonly url: string; readonly environment: Readonly<Record<string, string>> },
  clock: FakeClock = fakeClock(),
  /** What else happens before both sign out. */
  more?: (so: Pick<Archive, 'alice' | 'bob' | 'provider' | 'signIn' | 'bobsSignIn'>) => Promise<void>,
): Promise<Archive> {
  const provider = fakeProvider();
  const { path: folder, remove } = workFolder();
  const root = join(folder, 'store');
  const url = remote?.url ?? `file:${root}`;
  const alice = await install(join(folder, 'alice'), url, clock, remote?.environment);
  const bob = await install(join(folder, 'bob'), url, clock, remote?.environment);
  const signIn = await work(alice, provider, 'alice', ['a1', 'a2', 'a3']);
  await alice.ledger.attempt({
    session: openOrder(alice, 'a4').session,
    actor: { kind: 'human', name: 'alice' },
    code: 'policy-denied',
    policies: ['no-night-work'],
  });
  await alice.outbox.flush();
  const bobsSignIn = await work(bob, provider, 'bob', ['b1']);
  await more?.({ alice, bob, provider, signIn, bobsSignIn });
  for (const at of [alice, bob]) {
    await at.ledger.signOut();
    await at.outbox.flush();
  }
  const config = join(folder, 'broker.yaml');
  mkdirSync(join(folder, 'state'));
  writeFileSync(
    config,
    `version: 1\nidentity:\n  issuer: ${provider.issuer}\n  client_id: ${provider.audience}\nstore:\n  url: "${url}"\npolicy: []\n`,
  );
  const environment = {
    BROKER_CONFIG: config,
    BROKER_STATE_DIR: join(folder, 'state'),
    BROKER_RUNTIME_DIR: join(folder, 'run'),
  };
  return { folder, root, url, clock, provider, alice, bob, signIn, bobsSignIn, environment, remove };
}
