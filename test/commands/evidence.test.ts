import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext, CommandDefinition } from '../../src/commands/command.ts';
import { exportEvidence } from '../../src/commands/export.ts';
import { sessionsLs } from '../../src/commands/sessions-ls.ts';
import { sessionsShow } from '../../src/commands/sessions-show.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';

let archive: Archive;
beforeAll(async () => {
  archive = await makeArchive();
});
afterAll(() => archive.remove());

interface Extra {
  readonly args?: readonly string[];
  readonly options?: CommandContext['options'];
  readonly json?: boolean;
}

const run = (definition: CommandDefinition, extra: Extra = {}) =>
  runCommand(definition, {
    home: archive.folder,
    cwd: archive.folder,
    environment: archive.environment,
    clock: archive.clock,
    ...extra,
  });

describe('broker verify', () => {
  it('prints three verdicts and what it checked', async () => {
    const done = await run(verify, { options: { offline: true } });
    expect(done.code).toBe(0);
    expect(done.stdout).toBe(
      'INTEGRITY     VALID\nCOMPLETENESS  COMPLETE\nCOVERAGE      NOT CHECKED\n' +
        `checked: 13 signatures of 2 people in 2 chains, 4 sessions, 32 events, ${/(\d+) blobs/.exec(done.stdout)?.[1]} blobs ` +
        `(${/\((.*B)\)/.exec(done.stdout)?.[1]})\n`,
    );
  });

  it('names the file and the step and fails with 6', async () => {
    const blob = join(archive.root, 'v1/blob/sha256', await digestOf('b1'));
    const before = readFileSync(blob);
    writeFileSync(blob, Buffer.concat([before, Buffer.from('x')]));
    await expect(run(verify, { options: { offline: true } })).rejects.toMatchObject({
      code: 'not-verified',
      row: { exit: 6 },
      details: { what: blob.slice(archive.root.length + 1), reason: 'INVALID at blob' },
    });
    const json = await run(verify, { options: { offline: true }, json: true });
    writeFileSync(blob, before);
    expect(json.code).toBe(6);
    expect(JSON.parse(json.stdout)).toMatchObject({
      integrity: { verdict: 'INVALID', findings: [{ step: 'blob', session: 'b1' }] },
    });
  });

  it.each([
    [{ since: 'yesterday' }, 'usage'],
    [{ since: '1d', until: '2d' }, 'usage'],
  ])('refuses %j', async (options, code) => {
    await expect(run(verify, { options })).rejects.toMatchObject({ code });
  });

  it('refuses a folder that is none', async () => {
    await expect(run(verify, { args: ['/nonexistent'] })).rejects.toMatchObject({ code: 'usage' });
  });
});

async function digestOf(session: string): Promise<string> {
  const done = await run(exportEvidence, {
    options: { offline: true, format: 'bundle', output: join(archive.folder, `for-${session}`) },
  });
  expect(done.code).toBe(0);
  const { statements } = JSON.parse(
    readFileSync(join(archive.folder, `for-${session}`, 'index.json'), 'utf8'),
  ) as {
    statements: { session?: string; kind: string; blobs: Record<string, string> }[];
  };
  const digest =
    statements.find((each) => each.session === session && each.kind === 'session')?.blobs[
      'events.jsonl.gz'
    ] ?? '';
  return `${digest.slice(0, 2)}/${digest}`;
}

describe('broker sessions ls', () => {
  it('lists sessions newest first, one line each', async () => {
    const { stdout } = await run(sessionsLs);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      /^SESSION {2}CONNECTION {2}USER +OPENED +LASTED +END +STATEMENTS +DENIED +ROWS$/,
    );
    expect(lines.slice(1).map((line) => line.split(/\s+/)[0])).toEqual(['b1', 'a3', 'a2', 'a1']);
  });

  it('filters by person and gives one JSON object per line', async () => {
    const { stdout } = await run(sessionsLs, { options: { user: 'bob' }, json: true });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { session: 'b1', user: 'bob', connection: 'prod-db', end: 'closed', statements: 3, rows: 3 },
    ]);
    expect((await run(sessionsLs, { options: { decision: 'deny' } })).stdout).toMatch(/^no sessions/);
  });
});

describe('broker sessions show', () => {
  it('tells what happened, with decisions and policies', async () => {
    const { stdout } = await run(sessionsShow, { args: ['a2'] });
    expect(stdout).toContain('session      a2\n');
    expect(stdout).toContain(
      'allow select name from customers where id = 2\n                by developers-work\n',
    );
    expect(stdout).toContain('→ ok · SELECT 1 · 1 rows · 1 masked');
  });

  it('gives everything as JSON', async () => {
    const { stdout } = await run(sessionsShow, { args: ['a2'], json: true });
    const shown = JSON.parse(stdout);
    expect(shown.session.id).toBe('a2');
    expect(shown.events.map((event: { seq: number }) => event.seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('says when there is no such session', async () => {
    await expect(run(sessionsShow, { args: ['zz'] })).rejects.toMatchObject({ code: 'session-unknown' });
  });
});

describe('broker export --format jsonl', () => {
  it('prints every chosen event as it was sealed', async () => {
    const { stdout, code } = await run(exportEvidence, {
      options: { offline: true, format: 'jsonl', user: 'bob' },
    });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.map(({ session, seq }) => [session, seq])).toEqual(
      Array.from({ length: 8 }, (_, seq) => ['b1', seq]),
    );
  });

  it('needs a folder for a format that is no stream', async () => {
    await expect(run(exportEvidence, { options: { format: 'bundle' } })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});
