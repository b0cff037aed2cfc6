// Two people, one store: dana publishes, and alice's live session obeys at its next statement.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';
import { startWorld, type World } from '../peers/world.ts';
import { signing } from './approvals.ts';
import { openProxy, type Proxied } from './proxied.ts';
import { client, draft, NO_UPDATES, OPEN, TEAM, update } from './published.ts';

const ACCOUNTS = {
  alice: { groups: ['developers'], email: 'alice@example.com' },
  dana: { groups: ['dba', 'developers'], email: 'dana@example.com' },
};

let s3: S3Peer | undefined;

async function worldAt(store: 'file' | 's3'): Promise<World> {
  const options = { policy: '', settings: TEAM, provider: { accounts: ACCOUNTS } };
  if (store === 'file') return startWorld(options);
  s3 = await startS3();
  await s3.createBucket('evidence');
  return startWorld({ ...options, store: s3.url('evidence', 'team'), environment: s3.owner.environment });
}

describe.each(['file', 's3'] as const)('a policy published through a %s store', (kind) => {
  let alice: World;
  let dana: World;
  let session: Proxied;
  let connected: pg.Client;
  beforeAll(async () => {
    if (kind === 's3' && !peer('s3')) return;
    alice = await worldAt(kind);
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
  }, 180_000);
  afterAll(async () => {
    await connected?.end();
    await session?.close();
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
    if (kind === 's3') await s3?.stop();
  }, 60_000);

  const run = kind === 's3' && !peer('s3') ? it.skip : it;

  run(
    'opens nothing before one is published, and says what mends that',
    async () => {
      const { code, stderr } = await alice.broker(['query', 'prod-db', 'select 1']);
      expect({ code, stderr }).toMatchObject({
        code: 9,
        stderr: expect.stringContaining('nobody published one'),
      });
      expect(stderr).toContain('dana@example.com');
    },
    60_000,
  );

  run(
    'is shown before it is published, by a signer and by nobody else',
    async () => {
      const file = draft(dana, OPEN);
      const dry = await dana.broker(['policy', 'push', file, '--dry-run']);
      expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('+@id("team-open")') });
      const own = await alice.broker(['policy', 'push', draft(alice, OPEN), '--yes']);
      expect(own).toMatchObject({ code: 3, stderr: expect.stringContaining('alice@example.com') });
      const pushed = await signing(dana, 'dana', ['policy', 'push', file, '--reason', 'the beginning']);
      expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('published version 1') });
    },
    60_000,
  );

  run(
    'is obeyed by a live session at its next statement',
    async () => {
      session = await openProxy(alice);
      connected = await client(session);
      expect(await update(connected)).toBe('allowed');
      const pushed = await signing(dana, 'dana', [
        'policy',
        'push',
        draft(dana, NO_UPDATES),
        '--reason',
        'freeze',
      ]);
      expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('+@id("team-no-updates")') });
      await expect
        .poll(() => update(connected), { timeout: 30_000, interval: 250 })
        .toContain('team-no-updates');
    },
    90_000,
  );

  run(
    'is told: in the log, in the status, and as text',
    async () => {
      const log = await alice.broker(['policy', 'log']);
      expect(log.stdout).toMatch(/2 \*.*dana@example.com.*freeze/);
      const versions = (await alice.broker(['policy', 'log', '--json'])).stdout.trim().split('\n');
      expect(versions.map((line) => JSON.parse(line).number)).toEqual([2, 1]);
      const status = JSON.parse((await alice.broker(['status', '--json'])).stdout);
      expect(status.policy).toMatchObject({ version: { number: 2, reason: 'freeze' }, problems: [] });
      expect((await alice.broker(['status'])).stdout).toContain('published version 2 by dana@example.com');
      const old = await alice.broker(['policy', 'show', '--version', '1']);
      expect(old.stdout).toContain('the beginning');
      expect(old.stdout).not.toContain('team-no-updates');
      expect((await alice.broker(['policy', 'show'])).stdout).toContain('team-no-updates');
      expect(await alice.broker(['policy', 'show', '--version', '7'])).toMatchObject({ code: 2 });
    },
    60_000,
  );

  run(
    'lets local files forbid more and permit nothing',
    async () => {
      const file = join(alice.home, '.config', 'broker', 'policy.cedar');
      writeFileSync(file, '@id("mine") permit (principal, action, resource);', { mode: 0o600 });
      const shown = JSON.parse((await alice.broker(['policy', 'show', '--json'])).stdout);
      expect(Object.keys(shown.policy.files)).toEqual(['team.cedar']);
      expect(shown.digest).toBe(shown.published.policy);
      writeFileSync(file, '@id("no-reads") forbid (principal, action == Action::"sql:select", resource);', {
        mode: 0o600,
      });
      const read = () =>
        connected.query('select 1').then(
          () => 'allowed',
          (error: Error) => error.message,
        );
      await expect.poll(read, { timeout: 30_000, interval: 250 }).toContain('local:no-reads');
      writeFileSync(file, '', { mode: 0o600 });
      await expect.poll(read, { timeout: 30_000, interval: 250 }).toBe('allowed');
    },
    90_000,
  );

  run(
    'is held against what it decided: session, ledger and export name their versions',
    async () => {
      await connected.end();
      await session.close();
      const story = await alice.broker(['sessions', 'show', session.session]);
      expect(story.stdout).toMatch(/^policy +published version 1, digest/m);
      expect(story.stdout).toMatch(/policy: published version 2, digest/);
      await dana.broker(['agent', 'stop']);
      await alice.broker(['agent', 'stop']);
      const verified = await alice.broker(['verify', '--json']);
      expect(JSON.parse(verified.stdout)).toMatchObject({
        integrity: { verdict: 'VALID', findings: [] },
        checked: { policies: 2 },
      });
      const folder = join(alice.home, 'out');
      await alice.broker(['export', '-o', folder]);
      const index = readFileSync(join(folder, 'index.json'), 'utf8');
      expect(index.match(/-config\.sigstore\.json/g)?.length).toBeGreaterThanOrEqual(4);
      expect(spawnSync('bash', ['verify.sh'], { cwd: folder, encoding: 'utf8' })).toMatchObject({
        status: 0,
      });
      expect(await alice.broker(['verify', folder])).toMatchObject({ code: 0 });
      rmSync(join(folder, 'v1/policy/0000000001.sigstore.json'));
      const missing = await alice.broker(['verify', folder]);
      expect(missing).toMatchObject({ code: 6, stdout: expect.stringContaining('MISSING at publication') });
      expect(spawnSync('bash', ['verify.sh'], { cwd: folder, encoding: 'utf8' })).toMatchObject({
        status: 6,
      });
    },
    120_000,
  );
});
