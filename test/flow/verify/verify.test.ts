import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VerifyOptions, verifyStore } from '../../../src/flow/verify/index.ts';
import { identifyStore, openStore } from '../../../src/stores/index.ts';
import { type FakeClock, fakeClock } from '../../fakes/clock.ts';
import {
  type Installation,
  install,
  openOrder,
  recordedSession,
  workFolder,
} from '../../fakes/installation.ts';
import { fakeProvider } from '../../fakes/sign-in.ts';

const HOUR = 3_600_000;
const provider = fakeProvider();
const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
let work: ReturnType<typeof workFolder>;
let clock: FakeClock;
let at: Installation;
let root: string;

beforeEach(async () => {
  work = workFolder();
  clock = fakeClock();
  root = join(work.path, 'store');
  at = await install(work.path, `file:${root}`, clock);
  await at.ledger.epoch(await provider.signIn('alice', { iat: clock.now(), exp: clock.now() + HOUR }));
  for (const id of ['s1', 's2']) {
    const folder = await recordedSession(at, id);
    await at.ledger.sealSession(folder, { end: 'closed', exit: 0 });
  }
});
afterEach(() => work.remove());

async function finish(): Promise<void> {
  await at.ledger.signOut();
  expect(await at.outbox.flush()).toBe(true);
}

async function verify(options: Partial<VerifyOptions> = {}) {
  const store = await openStore(`file:${root}`, {});
  const { id } = await identifyStore(store);
  return verifyStore(store, { store: id, now: clock.now(), pins, ...options });
}

function files(folder = root): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

function statement(kind: string, nth = 0): string {
  return files(join(root, 'v1/stmt')).filter((name) => name.endsWith(`-${kind}.sigstore.json`))[
    nth
  ] as string;
}

function blobOf(path: string, name: string): string {
  const { payload } = JSON.parse(readFileSync(path, 'utf8')).dsseEnvelope as { payload: string };
  const { subject } = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    subject: { name: string; digest: { sha256: string } }[];
  };
  const digest = subject.find((each) => each.name === name)?.digest.sha256 as string;
  return join(root, 'v1/blob/sha256', digest.slice(0, 2), digest);
}

describe('verification of an intact store', () => {
  it('finds every statement, blob and event valid and complete', async () => {
    await finish();
    expect(await verify()).toMatchObject({
      integrity: { verdict: 'VALID', findings: [] },
      completeness: { verdict: 'COMPLETE', findings: [] },
      coverage: { verdict: 'NOT CHECKED' },
      notes: [],
      checked: { statements: 6, sessions: 2, events: 16 },
      signers: [{ iss: provider.issuer, sub: 'alice', statements: 6 }],
    });
  });

  it('says without alarm that a session is open and its writer at work', async () => {
    await at.ledger.open(openOrder(at, 's3'));
    const result = await verify();
    expect([result.integrity.verdict, result.completeness.verdict]).toEqual(['VALID', 'COMPLETE']);
    expect(result.notes.map((note) => note.about).sort()).toEqual(['open-session', 'unsealed-tail']);
  });

  it('calls a session unfinished and a chain unsealed when nothing came for more than a day', async () => {
    await at.ledger.open(openOrder(at, 's3'));
    clock.advance(25 * HOUR);
    const result = await verify();
    expect(result.completeness.verdict).toBe('UNFINISHED');
    expect(result.completeness.findings.map((each) => each.verdict).sort()).toEqual([
      'UNFINISHED',
      'UNSEALED',
    ]);
  });

  it('reports a provider key that nobody pinned and one person saw as uncorroborated, and accepts it from two', async () => {
    await finish();
    const unpinned = [{ issuer: provider.issuer, audiences: [provider.audience] }];
    expect((await verify({ pins: unpinned })).integrity.verdict).toBe('UNCORROBORATED');
    const other = await install(join(work.path, 'b'), `file:${root}`, clock);
    await other.ledger.epoch(await provider.signIn('bob', { iat: clock.now(), exp: clock.now() + HOUR }));
    await other.outbox.flush();
    expect((await verify({ pins: unpinned })).integrity.verdict).toBe('VALID');
  });

  it('reads only the days of the span and lets chains begin there', async () => {
    await finish();
    clock.advance(48 * HOUR);
    await at.ledger.epoch(await provider.signIn('alice', { iat: clock.now(), exp: clock.now() + HOUR }));
    const folder = await recordedSession(at, 's3');
    await at.ledger.sealSession(folder, { end: 'closed' });
    await finish();
    const result = await verify({ since: clock.now() - HOUR });
    expect(result).toMatchObject({
      integrity: { verdict: 'VALID' },
      completeness: { verdict: 'COMPLETE' },
      checked: { statements: 4 },
    });
  });
});

describe('verification of a store somebody touched', () => {
  beforeEach(finish);

  const integrity = async (options?: Partial<VerifyOptions>) => {
    const { verdict, findings } = (await verify(options)).integrity;
    return { verdict, found: findings.map(({ step, file }) => `${step} ${file}`) };
  };
  const completeness = async () => {
    const { verdict, findings } = (await verify()).completeness;
    return { verdict, found: findings.map(({ step, file }) => `${step} ${file}`) };
  };
  const key = (path: string) => relative(root, path);

  it('names every single file whose one byte was changed', async () => {
    for (const path of files(join(root, 'v1'))) {
      if (path.endsWith('store.json')) continue;
      const before = readFileSync(path);
      const changed = Buffer.from(before);
      changed[Math.floor(changed.length / 2)] = (changed[Math.floor(changed.length / 2)] as number) ^ 1;
      writeFileSync(path, changed);
      const result = await verify();
      expect(result.integrity.verdict).toBe('INVALID');
      const text = JSON.stringify(result.integrity.findings);
      expect(text, key(path)).toContain(key(path));
      writeFileSync(path, before);
    }
    expect((await verify()).integrity.verdict).toBe('VALID');
  });

  it('names the gap a removed middle statement leaves', async () => {
    const gone = statement('session', 0);
    rmSync(gone);
    const result = await completeness();
    expect(result.verdict).toBe('MISSING');
    expect(result.found).toContain(`chain ${key(statement('open', 1))}`);
  });

  it('names a blob that is gone', async () => {
    const blob = blobOf(statement('session'), 'events.jsonl.gz');
    rmSync(blob);
    expect(await completeness()).toEqual({ verdict: 'MISSING', found: [`blob ${key(blob)}`] });
  });

  it('does not accept a statement under another name', async () => {
    const path = statement('session');
    const moved = path.replace('0000000002', '0000000007');
    writeFileSync(moved, readFileSync(path));
    expect((await integrity()).found).toContain(`key ${key(moved)}`);
  });

  it('names a file that is no statement by its name, whatever that is', async () => {
    const foreign = join(root, 'v1/stmt/day=2026-03-01/my notes.txt');
    writeFileSync(foreign, 'hello');
    expect(await integrity()).toEqual({ verdict: 'INVALID', found: [`key ${key(foreign)}`] });
  });

  it('does not accept an event log that was unpacked, edited and packed again', async () => {
    const blob = blobOf(statement('session'), 'events.jsonl.gz');
    const text = gunzipSync(readFileSync(blob)).toString().replace('customers', 'costumers');
    writeFileSync(blob, gzipSync(text));
    expect(await integrity()).toEqual({ verdict: 'INVALID', found: [`blob ${key(blob)}`] });
  });

  it('does not accept statements of another store', async () => {
    writeFileSync(
      join(root, 'v1/store.json'),
      readFileSync(join(root, 'v1/store.json'), 'utf8').replace(
        /"id":"./,
        (match) => match.slice(0, -1) + (match.endsWith('a') ? 'b' : 'a'),
      ),
    );
    const { found } = await integrity();
    expect(found.length).toBe(6);
    expect(found.every((each) => each.startsWith('store '))).toBe(true);
  });

  it('does not accept an issuer or client the auditor did not name', async () => {
    const [pin] = pins;
    expect(
      (await integrity({ pins: [{ ...pin, issuer: 'https://other.example.test' }] as never })).found[0],
    ).toMatch(/^issuer /);
    expect((await integrity({ pins: [{ ...pin, audiences: ['another'] }] as never })).found[0]).toMatch(
      /^audience /,
    );
  });
});
