// Evidence in a real bucket when much happens at once, and when things break while it is exported. By the real binary.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseStatementKey } from '../../src/model/bundle.ts';
import { openStore } from '../../src/stores/index.ts';
import { auditorHome, auditorSpawn, ended, type ServedProvider, servedProvider } from '../fakes/auditor.ts';
import { fakeClock } from '../fakes/clock.ts';
import { crowd } from '../fakes/crowd.ts';
import { install, recordedSession, workFolder } from '../fakes/installation.ts';
import { type Between, startBetween } from '../peers/between.ts';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';

const HOUR = 3_600_000;
const WRITERS = 50;
const SESSIONS = 60;

const inRoot = process.getuid?.() === 0;

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : [path];
    })
    .sort();
}

/** Name → bytes, without what tells of the export itself. */
function evidenceIn(folder: string): ReadonlyMap<string, string> {
  const kept = files(folder).filter((path) => /\/v1\/|verify\.sh$/.test(path));
  return new Map(kept.map((path) => [path.slice(folder.length), readFileSync(path, 'base64')]));
}

describe.runIf(peer('s3') && peer('openssl-jq'))('evidence in a bucket', () => {
  const work = workFolder();
  let s3: S3Peer;
  let served: ServedProvider;
  let between: Between;
  let home: string;
  let whole: ReadonlyMap<string, string>;
  let count = 0;

  const at = (bucket: string) => `s3://${bucket}/?endpoint=${encodeURIComponent(between.endpoint)}`;
  const outcome = (output: string, more: readonly string[] = []) =>
    auditorSpawn(home, ['export', '--since', '2d', '-o', output, ...more], s3.owner.environment);
  const exported = async (output: string) => ended(outcome(output));
  const fresh = () => join(work.path, 'outputs', `evidence-${count++}`);
  const left = () => readdirSync(join(work.path, 'outputs')).filter((name) => name.startsWith('.'));

  beforeAll(async () => {
    [s3, served] = await Promise.all([startS3(), servedProvider()]);
    between = await startBetween(s3.endpoint);
    mkdirSync(join(work.path, 'outputs'));
    home = auditorHome(join(work.path, 'auditor'), served.provider, at('faults'));
    await s3.createBucket('faults');
    const store = await openStore(s3.url('faults'), s3.owner.environment);
    const until = Math.floor(Date.now() / HOUR) * HOUR;
    const order = { provider: served.provider, sessions: SESSIONS, writers: 5, days: 1, until };
    for await (const { key, bytes } of crowd(order)) await store.put(key, bytes);
    await store.close();
    const output = fresh();
    expect(await exported(output)).toMatchObject({ code: 0 });
    whole = evidenceIn(output);
  }, 240_000);
  afterEach(() => {
    between.fault = undefined;
    between.asked.length = 0;
  });
  afterAll(async () => {
    await between?.close();
    served?.close();
    await s3?.stop();
    work.remove();
  });

  it(`takes ${WRITERS} writers at once, from its first object on: nothing is lost, nothing written over`, async () => {
    await s3.createBucket('crowded');
    const { environment } = s3.owner;
    const now = Date.now() - HOUR;
    const write = async (nth: number) => {
      const folder = join(work.path, 'writers', String(nth));
      const clock = fakeClock(now + nth);
      const one = await install(folder, s3.url('crowded'), clock, environment);
      const times = { iat: clock.now(), exp: clock.now() + 2 * HOUR };
      await one.ledger.epoch(await served.provider.signIn(`person-${nth}`, times));
      for (const session of ['a', 'b'])
        await one.ledger.sealSession(await recordedSession(one, `s${nth}${session}`), {
          end: 'closed',
          exit: 0,
        });
      await one.ledger.signOut();
      await one.outbox.flush(120_000);
      await one.link.close();
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, nth) => write(nth)));

    const store = await openStore(s3.url('crowded'), environment);
    const chains = new Map<string, number[]>();
    for await (const { key } of store.list('v1/stmt/')) {
      const { writer = '', seq = -1 } = parseStatementKey(key) ?? {};
      chains.set(writer, [...(chains.get(writer) ?? []), seq]);
    }
    // Sign-in, twice open and session, sign-out.
    expect([...chains.values()]).toEqual(Array.from({ length: WRITERS }, () => [0, 1, 2, 3, 4, 5]));
    await store.close();

    const other = auditorHome(join(work.path, 'crowded'), served.provider, at('crowded'));
    const output = fresh();
    const done = await ended(auditorSpawn(other, ['export', '--since', '2d', '-o', output], environment));
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(`${2 * WRITERS} sessions`) });
    expect(done.stdout).toContain('(VALID, COMPLETE)');
    const said = execFileSync('bash', ['verify.sh'], { cwd: output, encoding: 'utf8' });
    expect(said).toBe(`OK: ${WRITERS * 6} statements hold, with every blob they name.\n`);
  }, 900_000);

  it('that goes away in the middle of an export leaves nothing behind; back again, it gives the same', async () => {
    between.fault = (_, before) => (before > 40 ? 'gone' : undefined);
    const output = fresh();
    const failed = await exported(output);
    expect(failed.code).toBe(7);
    expect(failed.stderr).toMatch(/store .*cannot be reached|cannot be reached/);
    expect([existsSync(output), left()]).toEqual([false, []]);
    between.fault = undefined;
    expect(await exported(output)).toMatchObject({ code: 0 });
    expect(evidenceIn(output)).toEqual(whole);
  }, 240_000);

  it('that is slow, and busy now and then, gives the same', async () => {
    between.fault = (_, before) => (before % 9 === 4 ? 'busy' : 'slow');
    const output = fresh();
    expect(await exported(output)).toMatchObject({ code: 0 });
    expect(evidenceIn(output)).toEqual(whole);
  }, 240_000);

  it('whose answer breaks off once is asked again; that always breaks off is unreachable, never forged', async () => {
    const cut = new Set<string>();
    between.fault = (path) => {
      if (!path.includes('/v1/blob/') || cut.has(path)) return undefined;
      cut.add(path);
      return 'cut';
    };
    const output = fresh();
    expect(await exported(output)).toMatchObject({ code: 0 });
    expect(evidenceIn(output)).toEqual(whole);
    between.fault = (path) => (path.includes('/v1/blob/') ? 'cut' : undefined);
    const never = fresh();
    const failed = await exported(never);
    expect([failed.code, existsSync(never), left()]).toEqual([7, false, []]);
  }, 240_000);

  it('that gives half an object as if it were whole is named: the evidence is not valid', async () => {
    between.fault = (path) => (/session\.sigstore\.json/.test(path) ? 'short' : undefined);
    const output = fresh();
    const done = await exported(output);
    expect([done.code, done.stdout]).toEqual([6, expect.stringContaining('INVALID')]);
  }, 240_000);

  it('is exported again after a kill: what was begun never has the name of what is complete', async () => {
    between.fault = () => 'slow';
    const output = fresh();
    const child = outcome(output);
    const gone = ended(child);
    await expect.poll(() => between.asked.length, { timeout: 60_000 }).toBeGreaterThan(60);
    child.kill('SIGKILL');
    await gone;
    expect(existsSync(output)).toBe(false);
    between.fault = undefined;
    const again = await exported(output);
    expect(again.code).toBe(0);
    expect(evidenceIn(output)).toEqual(whole);
    for (const name of left()) rmSync(join(work.path, 'outputs', name), { recursive: true });
  }, 240_000);

  it('does not write into a folder that holds something, nor over a file', async () => {
    const output = fresh();
    mkdirSync(output);
    writeFileSync(join(output, 'mine'), 'kept');
    expect(await exported(output)).toMatchObject({ code: 2, stderr: expect.stringContaining('not empty') });
    expect(await exported(join(output, 'mine'))).toMatchObject({ code: 2 });
    expect(files(output).map((path) => readFileSync(path, 'utf8'))).toEqual(['kept']);
    expect(left()).toEqual([]);
  }, 240_000);

  it.skipIf(!inRoot)(
    'on a full disk says so, and leaves nothing behind (needs root: mounts a small file system)',
    async () => {
      const disk = join(work.path, 'small');
      mkdirSync(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' });
      } catch {
        // Root without the right to mount, as in a container.
        return;
      }
      try {
        const failed = await exported(join(disk, 'evidence'));
        expect(failed.stderr).toMatch(/broker: error: .*(full|no space)/i);
        expect(failed.code).not.toBe(1);
        expect(readdirSync(disk)).toEqual([]);
      } finally {
        execFileSync('umount', [disk]);
      }
    },
    240_000,
  );
});
