import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';
import { startWorld, type World } from '../peers/world.ts';

describe.runIf(peer('s3') && peer('openssl-jq'))('one S3 store, two people', () => {
  let s3: S3Peer;
  let developer: World;
  let auditor: World;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.createBucket('evidence');
    const store = s3.url('evidence', 'team');
    developer = await startWorld({ store, environment: s3.owner.environment });
    const reader = await s3.createReader('auditor', 'evidence');
    auditor = developer.another('auditor', reader.environment);
  }, 120_000);
  afterAll(async () => {
    await developer?.stop();
    await s3?.stop();
  });

  it('uploads a session that an auditor with only read rights exports and verifies from another HOME', async () => {
    await developer.signIn();
    const worked = await developer.broker(['query', 'prod-db', 'select id, card from customers limit 2']);
    expect(worked).toMatchObject({ code: 0, stderr: '' });
    await expect
      .poll(async () => (await developer.broker(['status', '--json'])).stdout, { timeout: 20_000 })
      .toMatch(/"sessions":\[\]/);
    await developer.broker(['agent', 'stop']);
    const folder = `${auditor.home}/evidence`;
    const exported = await auditor.broker(['export', '--since', '1h', '-o', folder]);
    expect(exported).toMatchObject({ code: 0 });
    const verified = await auditor.broker(['verify', folder]);
    expect(verified.stdout).toMatch(/INTEGRITY\s+VALID/);
    expect(verified.code).toBe(0);
    const shell = execFileSync('bash', ['verify.sh'], { cwd: folder, encoding: 'utf8' });
    expect(shell).not.toMatch(/FAIL|INVALID/i);
  }, 120_000);
});
