// broker replay of sealed sessions: out of a real store, held to the digests that were signed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/commands/replay.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';

let archive: Archive;
beforeAll(async () => {
  archive = await makeArchive();
});
afterAll(() => archive.remove());

const run = (session: string, json = false) =>
  runCommand(replay, {
    home: archive.folder,
    cwd: archive.folder,
    environment: archive.environment,
    clock: archive.clock,
    args: [session],
    options: { speed: '1', maxIdle: '2', wait: true },
    json,
  });

/** Blobs in the store that are recordings. */
function recordings(): string[] {
  const blobs = join(archive.root, 'v1/blob/sha256');
  return readdirSync(blobs, { recursive: true, encoding: 'utf8' })
    .map((name) => join(blobs, name))
    .filter((path) => {
      try {
        return gunzipSync(readFileSync(path)).toString().startsWith('{"version":2');
      } catch {
        return false;
      }
    });
}

describe('broker replay of a sealed session', () => {
  it('plays the session’s recording', async () => {
    expect(await run('a2')).toEqual({ code: 0, stdout: 'hello\r\n', stderr: '' });
  });

  it('lists its events', async () => {
    const { stdout } = await run('b1', true);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'transcript.cast.gz',
        header: { version: 2, width: 80, height: 24 },
        events: [{ time: 0.1, code: 'o', data: 'hello\r\n' }],
      },
    ]);
  });

  it('refuses a session nobody recorded', async () => {
    await expect(run('nobody')).rejects.toMatchObject({ code: 'session-unknown' });
  });

  it('plays nothing that is not what was signed', async () => {
    const paths = recordings();
    expect(paths.length).toBeGreaterThan(0);
    const kept = paths.map((path) => readFileSync(path));
    for (const path of paths) writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]));
    await expect(run('a1')).rejects.toMatchObject({ code: 'not-verified', row: { exit: 6 } });
    paths.forEach((path, index) => {
      writeFileSync(path, kept[index] ?? '');
    });
    expect((await run('a1')).code).toBe(0);
  });
});
