// Verified statements per second on one core, next to openssl's bare ECDSA P-256 verifications. Goal ≥ 5,000, floor 2,000.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { verifyStore } from '../../src/flow/verify/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Store } from '../../src/model/store.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { install, openOrder, workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const STATEMENTS = 500;
const ROUNDS = 5;
const work = workFolder();
const url = `file:${join(work.path, 'store')}`;
const provider = fakeProvider();
const at = await install(work.path, url, systemClock);
const now = systemClock.now();
await at.ledger.epoch(await provider.signIn('alice', { iat: now - 1000, exp: now + 3_600_000 }));
const { session } = openOrder(at, 's1');
for (let number = 1; number < STATEMENTS; number++)
  await at.ledger.attempt({
    session,
    actor: { kind: 'human', name: 'alice' },
    code: 'policy-denied',
    policies: ['no-night-work'],
  });
await at.outbox.flush(600_000);

const store = await openStore(url, {});
const { id } = await identifyStore(store);

/** The store's objects in memory: what is measured is verification, not this machine's disk. */
async function inMemory(): Promise<Store> {
  const objects = new Map<string, { bytes: Uint8Array; size: number }>();
  for await (const { key, size } of store.list('v1/'))
    objects.set(key, { bytes: (await store.get(key)) as Uint8Array, size });
  return {
    ...store,
    url: 'memory',
    get: async (key) => objects.get(key)?.bytes,
    async *list(prefix) {
      for (const [key, { size }] of objects) if (key.startsWith(prefix)) yield { key, size, modified: 0 };
    },
  };
}

function bare(): number {
  const text = execFileSync('openssl', ['speed', '-seconds', '1', 'ecdsap256'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString();
  return Number(/([\d.]+)\s*$/.exec(text.trim())?.[1]);
}

const memory = await inMemory();
const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
const [disk, core, peer]: [number[], number[], number[]] = [[], [], []];
for (let round = 0; round < ROUNDS; round++)
  for (const [reader, rates] of [
    [store, disk],
    [memory, core],
  ] as const) {
    const start = performance.now();
    const result = await verifyStore(reader, { store: id, now: systemClock.now(), pins });
    if (result.integrity.verdict !== 'VALID') throw new Error(JSON.stringify(result.integrity));
    rates.push((result.checked.statements / (performance.now() - start)) * 1000);
    if (reader === memory) peer.push(bare());
  }
const median = (numbers: number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const show = (name: string, rates: number[]) =>
  console.log(
    `${name.padEnd(34)} ${Math.round(median(rates)).toLocaleString('en').padStart(8)}/s  ${(median(rates) / median(peer)).toFixed(2)} × openssl`,
  );
show('verify, objects in memory', core);
show('verify, folder store', disk);
show('openssl speed ecdsap256, bare', peer);
work.remove();
