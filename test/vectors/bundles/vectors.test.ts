// Holds both verifiers to the vectors of this folder. UPDATE_VECTORS=1 makes them anew, with new keys.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../../src/commands/export.ts';
import { VERIFY_SH } from '../../../src/exporters/bundle-verify.ts';
import { verifyStore } from '../../../src/flow/verify/index.ts';
import { identifyStore, openStore } from '../../../src/stores/index.ts';
import { makeArchive } from '../../fakes/archive.ts';
import { fakeClock } from '../../fakes/clock.ts';
import { runCommand } from '../../fakes/command.ts';
import { workFolder } from '../../fakes/installation.ts';
import { peer } from '../../peers/peer.ts';
import { type Attack, writeVectors } from './generate.ts';
import { MINUTE, tellStory } from './story.ts';

const HERE = new URL('.', import.meta.url).pathname;
const work = workFolder();
afterAll(() => work.remove());

async function generate(): Promise<void> {
  const clock = fakeClock();
  const archive = await makeArchive(undefined, clock, async ({ alice, bob, provider, signIn, bobsSignIn }) => {
    const asked = clock.now();
    clock.advance(MINUTE);
    const store = await alice.link.store();
    const { id } = await alice.link.identity();
    const people = { provider, alice: signIn, bob: bobsSignIn, store: id };
    await tellStory(people, { alice, bob }, (key, bytes) => store.put(key, bytes), asked);
  });
  const output = join(archive.folder, 'export');
  const { environment, folder } = archive;
  await runCommand(exportEvidence, { home: folder, cwd: folder, environment, clock, options: { offline: true, output } });
  await writeVectors(archive, output, HERE);
  archive.remove();
}

if (process.env['UPDATE_VECTORS'] === '1') await generate();

const names = readdirSync(join(HERE, 'invalid')).map((name) => name.replace('.json', '')).sort();
const attack = (name: string) => JSON.parse(readFileSync(join(HERE, 'invalid', `${name}.json`), 'utf8')) as Attack;
const facts = JSON.parse(readFileSync(join(HERE, 'facts.json'), 'utf8')) as { now: string; issuer: string; audience: string };
const jwks = join(HERE, 'provider-jwks.json');

/** The valid export with an attack done to it. */
function attacked(name: string): string {
  const folder = join(work.path, name);
  cpSync(join(HERE, 'valid'), folder, { recursive: true });
  const { remove = [], put = {} } = attack(name);
  for (const key of remove) rmSync(join(folder, key));
  for (const [key, bytes] of Object.entries(put)) {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    writeFileSync(join(folder, key), Buffer.from(bytes, 'base64'));
  }
  return folder;
}

async function verdicts(folder: string, { now = facts.now, hidden }: Partial<Attack> = {}) {
  const opened = await openStore(`file:${folder}`, {});
  const store = hidden
    ? Object.assign(opened, {
        async *hidden(prefix: string) {
          for (const each of hidden) if (each.key.startsWith(prefix)) yield each;
        },
      })
    : opened;
  const pins = [{ issuer: facts.issuer, audiences: [facts.audience], jwks: readFileSync(jwks, 'utf8') }];
  return verifyStore(store, { store: (await identifyStore(store)).id, now: Date.parse(now), pins });
}

function script(folder: string): number {
  try {
    execFileSync('bash', [join(folder, 'verify.sh'), jwks], { stdio: 'ignore' });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

beforeAll(() => {
  cpSync(join(HERE, 'valid'), join(work.path, 'valid'), { recursive: true });
});

describe('broker verify', () => {
  it('accepts the valid export', async () => {
    const result = await verdicts(join(work.path, 'valid'));
    expect([result.integrity, result.completeness, result.notes]).toEqual([
      { verdict: 'VALID', findings: [] },
      { verdict: 'COMPLETE', findings: [] },
      [],
    ]);
  });

  it('has enough attacks to be held to', () => {
    expect(names.length).toBeGreaterThanOrEqual(85);
  });

  it.each(names)('names the attack %s', async (name) => {
    const { verdict, step } = attack(name);
    const { integrity, completeness, notes } = await verdicts(attacked(name), attack(name));
    const found = [...integrity.findings, ...completeness.findings].map((each) => `${each.verdict} ${each.step}`);
    const noted = notes.map(({ about }) => `NOTE ${about}`);
    expect([...found, ...noted]).toContain(`${verdict} ${step}`);
    if (verdict === 'NOTE') return expect(found).toEqual([]);
    expect([integrity.verdict, completeness.verdict]).not.toEqual(['VALID', 'COMPLETE']);
  });
});

describe.runIf(peer('openssl-jq'))('verify.sh', () => {
  it('is the script that exports carry today', () => {
    expect(readFileSync(join(HERE, 'valid/verify.sh'), 'utf8')).toBe(VERIFY_SH);
  });

  it('accepts the valid export', () => {
    expect(script(join(work.path, 'valid'))).toBe(0);
  });

  it.each(names.filter((name) => attack(name).script))('refuses %s', (name) => {
    expect(script(attacked(`${name}`))).toBe(6);
  });
});
