import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { sessionsLs } from '../../src/commands/sessions-ls.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';

describe.runIf(peer('s3'))('evidence in a real S3 bucket', () => {
  let s3: S3Peer;
  let archive: Archive;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.createBucket('evidence');
    archive = await makeArchive({ url: s3.url('evidence', 'broker'), environment: s3.owner.environment });
  }, 180_000);
  afterAll(async () => {
    archive?.remove();
    await s3?.stop();
  });

  it('is listed, exported and verified from another home with read rights only', async () => {
    const auditor = await s3.createReader('auditor', 'evidence');
    const home = join(archive.folder, 'auditor');
    mkdirSync(home);
    const config = join(home, 'broker.yaml');
    writeFileSync(config, readFileSync(join(archive.folder, 'broker.yaml')));
    const environment = {
      BROKER_CONFIG: config,
      BROKER_RUNTIME_DIR: join(home, 'run'),
      ...auditor.environment,
    };
    const run = (definition: typeof verify, extra: object) =>
      runCommand(definition, { home, cwd: home, environment, clock: archive.clock, ...extra });

    const listed = await run(sessionsLs, { json: true });
    expect(
      listed.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).session),
    ).toEqual(['b1', 'a3', 'a2', 'a1']);
    const output = join(home, 'export');
    const exported = await run(exportEvidence, { options: { offline: true, output } });
    expect(exported).toMatchObject({
      code: 0,
      stdout: `4 sessions exported to ${output} (VALID, COMPLETE)\n`,
    });
    expect(exported.stderr).toContain('not recorded in the ledger');
    for (const args of [[], [output]]) {
      const { code, stdout } = await run(verify, { args, options: { offline: true }, json: true });
      expect([code, JSON.parse(stdout).checked.sessions]).toEqual([0, 4]);
    }
  }, 60_000);
});
