import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { sessionsLs } from '../../src/commands/sessions-ls.ts';
import { verify } from '../../src/commands/verify.ts';
import { parseAddress } from '../../src/stores/s3-address.ts';
import { leastRights } from '../../src/stores/s3-rights.ts';
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
    const auditor = await s3.createReader('reader', 'evidence');
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
      const { checked, notes } = JSON.parse(stdout);
      expect([code, checked.sessions]).toEqual([0, 4]);
      // Who may not list versions is told that nobody looked for delete markers.
      expect(notes.map((note: { about: string }) => note.about)).toEqual(
        args.length === 0 ? ['versions'] : [],
      );
    }
  }, 60_000);

  it('tells of delete markers and second versions in a bucket that keeps versions', async () => {
    await s3.createBucket('versioned');
    const url = s3.url('versioned');
    const other = await makeArchive({ url, environment: s3.owner.environment });
    // Afterwards: this gateway forgets conditional puts where it keeps versions, and broker refuses such a store.
    await s3.keepVersions('versioned');
    try {
      const rights = leastRights(parseAddress(url, s3.owner.environment), 'reader').Statement;
      const auditor = await s3.createUser('inspector', 'versioned', rights);
      const environment = { ...other.environment, ...auditor.environment };
      const check = async () => {
        const at = { home: other.folder, cwd: other.folder, environment, clock: other.clock };
        const { code, stdout } = await runCommand(verify, { ...at, options: { offline: true }, json: true });
        const { integrity, completeness, notes } = JSON.parse(stdout);
        return {
          code,
          verdicts: [integrity.verdict, completeness.verdict],
          findings: completeness.findings,
          notes,
        };
      };
      expect(await check()).toMatchObject({ code: 0, verdicts: ['VALID', 'COMPLETE'], notes: [] });
      const keys = (await s3.keys('versioned')).filter(
        (key) => key.startsWith('v1/stmt/') && key.includes('-session.'),
      );
      await s3.overwrite('versioned', keys[0] as string);
      await s3.remove('versioned', keys[1] as string);
      const { code, findings } = await check();
      expect(code).toBe(6);
      const hidden = findings.filter((each: { verdict: string }) => each.verdict === 'HIDDEN');
      expect(
        hidden.map((each: { file: string; reason: string }) => [each.file, each.reason.split(':')[0]]).sort(),
      ).toEqual(
        [
          [keys[0], 'it has a second version'],
          [keys[1], 'it was deleted'],
        ].sort(),
      );
    } finally {
      other.remove();
    }
  }, 120_000);
});
