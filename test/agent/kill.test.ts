import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealedEvents, verifyStore } from '../../src/flow/verify/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { blobKey } from '../../src/model/bundle.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { install, workFolder } from '../fakes/installation.ts';
import { fakeProvider, providerKey } from '../fakes/sign-in.ts';

const ROUNDS = 15;
const work = workFolder();
const url = `file:${join(work.path, 'store')}`;
const child = join(work.path, 'child.mjs');
const pem = providerKey();
const acknowledged = {
  opened: new Set<string>(),
  recorded: new Map<string, number>(),
  sealed: new Set<string>(),
};

beforeAll(async () => {
  writeFileSync(join(work.path, 'provider.pem'), pem);
  await build({
    entryPoints: [new URL('./killed-child.ts', import.meta.url).pathname],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/client-s3'],
    logLevel: 'error',
  });
});
afterAll(() => work.remove());

function note(text: string): void {
  // A last line without its end was never acknowledged.
  for (const line of text.split('\n').slice(0, -1)) {
    const [what, id = '', number] = line.split(' ');
    if (what === 'opened') acknowledged.opened.add(id);
    else if (what === 'recorded') acknowledged.recorded.set(id, Number(number));
    else if (what === 'sealed') acknowledged.sealed.add(id);
    else throw new Error(line);
  }
}

/** Lets the child work, and kills it at some moment after it said something. */
async function round(number: number): Promise<void> {
  const process = spawn('node', [child, work.path, url, join(work.path, 'provider.pem'), String(number)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, complained] = ['', ''];
  process.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  process.stderr.on('data', (chunk: Buffer) => {
    complained += chunk.toString();
  });
  const gone = new Promise((resolve) => process.once('close', resolve));
  for (const end = Date.now() + 20_000; said === '' && process.exitCode === null && Date.now() < end; )
    await pause(5);
  await pause(randomInt(0, 150));
  process.kill('SIGKILL');
  await gone;
  expect(complained).toBe('');
  note(said);
}

describe('an agent killed at any moment, again and again', () => {
  it('loses nothing it acknowledged, signs nothing twice, and leaves one unbroken chain', async () => {
    for (let number = 0; number < ROUNDS; number++) await round(number);
    const provider = fakeProvider('https://login.example.test', pem);
    const at = await install(work.path, url, systemClock);
    const now = systemClock.now();
    await at.ledger.epoch(await provider.signIn('alice', { iat: now - 1000, exp: now + 3_600_000 }));
    const recovery = await at.ledger.recover(at.spool, new Set());
    expect([recovery.waiting, recovery.failed]).toEqual([[], []]);
    await at.ledger.signOut();
    expect(await at.outbox.flush()).toBe(true);
    expect(readdirSync(at.spool)).toEqual([]);
    expect(await at.outbox.backlog()).toEqual({ statements: 0, blobs: 0, bytes: 0 });

    const store = await openStore(url, {});
    const events = new Map<string, string>();
    const result = await verifyStore(store, {
      store: (await identifyStore(store)).id,
      now: systemClock.now(),
      pins: [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }],
      onStatement: ({ bundle }) => {
        const { predicate, subject } = bundle.statement;
        const digest = subject.find(({ name }) => name === 'events.jsonl.gz')?.digest.sha256;
        if (predicate.kind !== 'session' || !predicate.session || !digest) return;
        expect(events.has(predicate.session.id)).toBe(false);
        events.set(predicate.session.id, digest);
      },
    });
    expect([result.integrity, result.completeness]).toEqual([
      { verdict: 'VALID', findings: [] },
      { verdict: 'COMPLETE', findings: [] },
    ]);
    for (const id of [...acknowledged.opened, ...acknowledged.sealed]) expect(events.has(id), id).toBe(true);
    expect(acknowledged.opened.size).toBeGreaterThan(ROUNDS);
    for (const [id, last] of acknowledged.recorded) {
      const blob = await store.get(blobKey(events.get(id) as string));
      const recorded = new Set<number>();
      for await (const { batch } of sealedEvents(blob as Uint8Array, id))
        for (const { value } of batch) recorded.add((value['data'] as { statement: number }).statement);
      for (let number = 1; number <= last; number++)
        expect(recorded.has(number), `${id} ${number}`).toBe(true);
    }
  }, 180_000);
});
