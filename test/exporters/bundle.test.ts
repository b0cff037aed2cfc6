import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';

let archive: Archive;
let count = 0;
beforeAll(async () => {
  archive = await makeArchive();
});
afterAll(() => archive.remove());

const at = () => ({
  home: archive.folder,
  cwd: archive.folder,
  environment: archive.environment,
  clock: archive.clock,
});

async function exported(options: Record<string, string> = {}): Promise<string> {
  const output = join(archive.folder, `export-${count++}`);
  const done = await runCommand(exportEvidence, { ...at(), options: { offline: true, output, ...options } });
  expect(done.stderr).toContain('not recorded in the ledger');
  expect(done.code).toBe(0);
  return output;
}

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

describe('broker export --format bundle', () => {
  it('writes a folder that broker verifies without a configuration', async () => {
    const output = await exported();
    const done = await runCommand(verify, {
      ...at(),
      environment: { BROKER_CONFIG: '/nonexistent' },
      args: [output],
      json: true,
    });
    expect(JSON.parse(done.stdout)).toMatchObject({
      integrity: { verdict: 'VALID' },
      completeness: { verdict: 'COMPLETE' },
      checked: { statements: 13, sessions: 4 },
    });
  });

  it('gives the same bytes for the same store and time, apart from when it was made', async () => {
    const [first, second] = [await exported(), await exported()];
    const content = (root: string) =>
      files(root).map((path) => [
        path.slice(root.length),
        readFileSync(path, 'utf8').replaceAll(/2026-03-01T[0-9:.]+Z/g, ''),
      ]);
    expect(content(first)).toEqual(content(second));
  });

  it('leaves out blobs the filters do not ask for, says so, and still verifies', async () => {
    const output = await exported({ user: 'bob' });
    const index = JSON.parse(readFileSync(join(output, 'index.json'), 'utf8'));
    // The event logs of alice's three sessions; transcripts and policy are the same bytes as bob's.
    expect(index.withheld).toHaveLength(3);
    const done = await runCommand(verify, {
      ...at(),
      args: [output],
      options: { offline: true },
      json: true,
    });
    const result = JSON.parse(done.stdout);
    expect([result.integrity.verdict, result.completeness.verdict]).toEqual(['VALID', 'COMPLETE']);
    expect(result.notes.map((note: { about: string }) => note.about)).toEqual(['withheld']);
  });

  it('never touches a folder with something in it, and leaves no draft behind when it fails', async () => {
    const output = join(archive.folder, 'full');
    cpSync(join(archive.root, 'v1/store.json'), join(output, 'precious'));
    const run = () => runCommand(exportEvidence, { ...at(), options: { output } });
    await expect(run()).rejects.toMatchObject({ code: 'usage' });
    expect(readdirSync(output)).toEqual(['precious']);
    expect(readdirSync(archive.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('exits 6 when what it exports does not hold, and writes the verdicts all the same', async () => {
    const path = files(join(archive.root, 'v1/blob')).find((each) => statSync(each).size > 900) as string;
    const before = readFileSync(path);
    appendFileSync(path, 'x');
    const output = join(archive.folder, 'damaged');
    const done = await runCommand(exportEvidence, { ...at(), options: { offline: true, output } });
    writeFileSync(path, before);
    expect(done.code).toBe(6);
    expect(JSON.parse(readFileSync(join(output, 'verdicts.json'), 'utf8')).integrity.verdict).toBe('INVALID');
  });
});

describe.runIf(peer('openssl-jq'))('verify.sh with jq, openssl and coreutils', () => {
  function check(folder: string, ...args: string[]): { code: number; text: string } {
    try {
      const text = execFileSync('bash', [join(folder, 'verify.sh'), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }).toString();
      return { code: 0, text };
    } catch (error) {
      const { status, stderr, stdout } = error as { status: number; stderr: Buffer; stdout: Buffer };
      return { code: status, text: stdout.toString() + stderr.toString() };
    }
  }

  it('accepts an export, and one whose filters left blobs out', async () => {
    expect(check(await exported())).toEqual({
      code: 0,
      text: 'OK: 13 statements hold, with every blob they name.\n',
    });
    expect(check(await exported({ user: 'bob' }))).toEqual({
      code: 0,
      text: expect.stringMatching(/ but \d+ that index\.json says were left out\.\n$/),
    });
  }, 60_000);

  it('accepts the provider keys an auditor brings, and refuses when they are others', async () => {
    const folder = await exported();
    writeFileSync(join(archive.folder, 'own.json'), archive.provider.jwks);
    expect(check(folder, join(archive.folder, 'own.json')).code).toBe(0);
    writeFileSync(
      join(archive.folder, 'other.json'),
      archive.provider.jwks.replace(/"n":"./, (m) => m.slice(0, -1) + (m.endsWith('z') ? 'y' : 'z')),
    );
    expect(check(folder, join(archive.folder, 'other.json'))).toMatchObject({
      code: 6,
      text: expect.stringContaining('provider'),
    });
  }, 60_000);

  it('names a changed file, whatever kind of file it is', async () => {
    const folder = await exported({ user: 'alice' });
    const { statements } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      statements: { key: string; kind: string; blobs: Record<string, string> }[];
    };
    const session = statements.find(({ kind, blobs }) => kind === 'session' && Object.keys(blobs).length > 4);
    const blobs = Object.values(session?.blobs ?? {}).map(
      (digest) => `v1/blob/sha256/${digest.slice(0, 2)}/${digest}`,
    );
    const kinds = new Map(statements.map(({ kind, key }) => [kind, key]));
    for (const name of [...blobs, ...kinds.values()]) {
      const path = join(folder, name);
      const before = readFileSync(path);
      const changed = Buffer.from(before);
      changed[Math.floor(changed.length / 2)] = (changed[Math.floor(changed.length / 2)] as number) ^ 1;
      writeFileSync(path, changed);
      expect([name, check(folder)]).toEqual([
        name,
        { code: 6, text: expect.stringContaining(`BAD ${name}: `) },
      ]);
      writeFileSync(path, before);
    }
    expect(blobs.length + kinds.size).toBe(10);
  }, 240_000);

  it('refuses a chain with a statement taken out, put elsewhere, or cut off at the end', async () => {
    const folder = await exported();
    const alice = files(join(folder, 'v1/stmt')).filter((path) =>
      path.includes(archive.alice.folder.endsWith('alice') ? '' : '-'),
    );
    const writer = (path: string) => path.split('/').at(-2);
    const chain = alice.filter((path) => writer(path) === writer(alice[0] as string));
    const [first, middle, last] = [chain[0], chain[2], chain.at(-1)] as [string, string, string];
    for (const [path, reason] of [
      [middle, 'follow'],
      [last, 'not here|another number'],
      [first, 'another number|follow'],
    ] as const) {
      const aside = join(archive.folder, 'aside');
      renameSync(path, aside);
      expect(check(folder)).toMatchObject({ code: 6, text: expect.stringMatching(reason) });
      renameSync(aside, path);
    }
    const moved = middle.replace(/\d{10}-/, '0000000099-');
    cpSync(middle, moved);
    expect(check(folder)).toMatchObject({ code: 6, text: expect.stringContaining('another place') });
    rmSync(moved);
    expect(existsSync(middle)).toBe(true);
    expect(check(folder).code).toBe(0);
  }, 120_000);
});
