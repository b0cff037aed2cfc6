// What an auditor holds outside the store: checkpoints, and the logs of targets.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';

let archive: Archive;
beforeEach(async () => {
  archive = await makeArchive();
});
afterEach(() => archive.remove());

const at = () => ({
  home: archive.folder,
  cwd: archive.folder,
  environment: archive.environment,
  clock: archive.clock,
});
const verified = async (options: Record<string, string>) => {
  const { code, stdout } = await runCommand(verify, {
    ...at(),
    options: { offline: true, ...options },
    json: true,
  });
  return { code, ...JSON.parse(stdout) };
};
const exported = (output: string) =>
  runCommand(exportEvidence, { ...at(), options: { offline: true, output, checkpoint: 'kept.json' } });

/** Alice's last statements: her chain has an attempt in it. */
function chain(): string[] {
  const day = join(archive.root, 'v1/stmt/day=2026-03-01');
  const writer = readdirSync(day).find((name) =>
    readdirSync(join(day, name)).some((file) => file.includes('attempt')),
  );
  return readdirSync(join(day, writer ?? ''))
    .sort()
    .map((file) => join(day, writer ?? '', file));
}

describe('a checkpoint kept outside the store', () => {
  it('agrees with a store that only grew, and moves on with the next export', async () => {
    await exported('one');
    const before = readFileSync(join(archive.folder, 'kept.json'), 'utf8');
    expect(JSON.parse(before)).toMatchObject({
      format: 'urn:access-broker:checkpoint:v1',
      heads: [{ seq: expect.any(Number) }, {}],
    });
    expect(await verified({ checkpoint: 'kept.json' })).toMatchObject({
      code: 0,
      completeness: { verdict: 'COMPLETE' },
    });
    archive.clock.advance(1000);
    await exported('two');
    expect(JSON.parse(readFileSync(join(archive.folder, 'kept.json'), 'utf8')).heads).toEqual(
      JSON.parse(before).heads,
    );
  });

  it('tells of a whole writer that was removed with everybody who had seen it, and is not replaced then', async () => {
    await exported('one');
    const kept = readFileSync(join(archive.folder, 'kept.json'), 'utf8');
    rmSync(join(archive.root, 'v1/stmt'), { recursive: true });
    const without = await verified({});
    expect([without.integrity.verdict, without.completeness.verdict]).toEqual(['VALID', 'COMPLETE']);
    const found = await verified({ checkpoint: 'kept.json' });
    expect(found).toMatchObject({
      code: 6,
      completeness: { verdict: 'TRUNCATED', findings: [{ step: 'checkpoint' }, { step: 'checkpoint' }] },
    });
    expect((await exported('two')).code).toBe(6);
    expect(readFileSync(join(archive.folder, 'kept.json'), 'utf8')).toBe(kept);
  });

  it('tells of another statement in the place of one that was seen', async () => {
    await exported('one');
    const path = join(archive.folder, 'kept.json');
    const kept = JSON.parse(readFileSync(path, 'utf8'));
    kept.heads[0].head = 'f'.repeat(64);
    writeFileSync(path, JSON.stringify(kept));
    expect(await verified({ checkpoint: 'kept.json' })).toMatchObject({
      code: 6,
      completeness: { verdict: 'FORK', findings: [{ step: 'checkpoint', file: path }] },
    });
  });

  it('has to be one, and of this store', async () => {
    writeFileSync(join(archive.folder, 'kept.json'), '{}');
    await expect(verified({ checkpoint: 'kept.json' })).rejects.toMatchObject({ code: 'usage' });
    await expect(verified({ checkpoint: 'none.json' })).rejects.toMatchObject({ code: 'usage' });
    writeFileSync(
      join(archive.folder, 'kept.json'),
      JSON.stringify({ format: 'urn:access-broker:checkpoint:v1', store: 'x', heads: [] }),
    );
    await expect(verified({ checkpoint: 'kept.json' })).rejects.toMatchObject({ code: 'usage' });
  });
});

/** One line of PostgreSQL's csvlog, with a statement that holds quotes and a line feed. */
const csv = (application: string) =>
  `2026-03-01 09:00:00.123 UTC,"ro","shop",42,"127.0.0.1:1","65e.1",1,"SELECT",2026-03-01 09:00:00 UTC,3/4,0,LOG,00000,"statement: select ""a"",\n'b'",,,,,,,,,"${application}","client backend",,0`;

describe('the log of a target', () => {
  it('is covered when every session it names is here', async () => {
    writeFileSync(
      join(archive.folder, 'pg.csv'),
      `${['psql broker/a1', 'broker/b1', 'psql', 'x broker/a1 y'].map(csv).join('\n')}\n`,
    );
    expect(await verified({ targetLog: 'pg.csv' })).toMatchObject({
      code: 0,
      coverage: { verdict: 'COVERED', matched: 2, findings: [] },
    });
  });

  it('names each session that only the target saw, and fails', async () => {
    const lines = [
      csv('psql broker/zz9'),
      csv('psql broker/zz9'),
      JSON.stringify({
        timestamp: '2026-03-01 09:00:00.123 UTC',
        application_name: 'broker/yy8',
        message: 'x',
      }),
      '{"application_name":',
      csv('broker/a1'),
    ];
    writeFileSync(join(archive.folder, 'pg.log'), `${lines.join('\n')}\n`);
    const { code, coverage } = await verified({ targetLog: 'pg.log' });
    expect(code).toBe(6);
    expect(coverage).toMatchObject({ verdict: 'UNCOVERED', matched: 1 });
    expect(
      coverage.findings.map((each: { session: string; reason: string }) => [each.session, each.reason]),
    ).toEqual([
      ['zz9', 'the target saw session zz9 2 times, first at 2026-03-01 09:00:00.123 UTC, and it is not here'],
      ['yy8', 'the target saw session yy8 1 times, first at 2026-03-01 09:00:00.123 UTC, and it is not here'],
    ]);
  });

  it('is missed by a session whose record was taken away together with its open', async () => {
    writeFileSync(join(archive.folder, 'pg.csv'), `${csv('broker/a3')}\n`);
    for (const path of chain()) renameSync(path, `${path}.aside`);
    expect((await verified({ targetLog: 'pg.csv' })).coverage.verdict).toBe('UNCOVERED');
  });
});
