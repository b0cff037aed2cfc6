// `broker export --since 1d` from a store of 100,000 sessions over 30 days, by the binary. Goal ≤ 5 s and ≤ 200 MB, floor ≤ 15 s and ≤ 400 MB.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/stores/index.ts';
import { auditorHome, auditorSpawn, ended, servedProvider } from '../fakes/auditor.ts';
import { crowd, crowdFolder } from '../fakes/crowd.ts';
import { workFolder } from '../fakes/installation.ts';
import type { FakeProvider } from '../fakes/sign-in.ts';
import { startBetween } from '../peers/between.ts';
import { which } from '../peers/peer.ts';
import { startS3 } from '../peers/s3.ts';
import { interleaved, median, run } from './measure.ts';

const SESSIONS = Number(process.env['BENCH_SESSIONS'] ?? 100_000);
const BUCKET_SESSIONS = 3_000;
const DAYS = 30;
const WRITERS = 50;
const ROUNDS = 5;
const HOUR = 3_600_000;

const work = workFolder();
/** What is measured is the export: some disks take seconds for a thousand new files where others were deleted. */
const outputs = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : work.path, 'broker-export-'));

/** Ends on a whole hour that is well within its day. */
function lastHour(): number {
  const hour = Math.floor(Date.now() / HOUR) * HOUR;
  return new Date(hour).getUTCHours() === 0 ? hour - HOUR : hour;
}

const home = (name: string, provider: FakeProvider, store: string) =>
  auditorHome(join(work.path, name), provider, store);

interface Run {
  readonly seconds: number;
  /** Largest resident set, bytes. */
  readonly peak: number;
}

function peakOf(child: ChildProcess): number {
  try {
    const text = readFileSync(`/proc/${child.pid}/status`, 'latin1');
    return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function broker(
  folder: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): Promise<Run> {
  const start = performance.now();
  const child = auditorSpawn(folder, args, more, before);
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, peakOf(child));
  }, 20);
  const { code, stderr } = await ended(child);
  clearInterval(look);
  if (code !== 0) throw new Error(`broker ${args.join(' ')} ended with ${code}: ${stderr}`);
  return { seconds: (performance.now() - start) / 1000, peak };
}

const MEGABYTE = 2 ** 20;
const figure = (runs: readonly number[], unit: string) =>
  `${median(runs).toFixed(2)} ${unit} (${Math.min(...runs).toFixed(2)}–${Math.max(...runs).toFixed(2)})`;

const DAY = 24 * HOUR;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** What was asked of each kind of place in the store; the days of statements by name. */
function places(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const place = /^v1\/(?:(?:stmt|appr|index)\/day=[\d-]+|[a-z]+)/.exec(key)?.[0] ?? key;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

function tellPlaces(what: string, keys: readonly string[], since: number): void {
  const counts = places(keys);
  const strange = [...counts.keys()].filter((place) => {
    const day = /day=([\d-]+)/.exec(place)?.[1];
    return day !== undefined && day < dayOf(since);
  });
  console.log(`${what}: ${keys.length} requests`);
  for (const [place, count] of [...counts].sort()) console.log(`  ${String(count).padStart(6)}  ${place}`);
  if (strange.length > 0) throw new Error(`days were touched that were not asked for: ${strange}`);
}

/** Files below the store that a run opened, and folders that it listed, as the kernel saw it. */
async function opened(folder: string, store: string): Promise<string[]> {
  const log = join(work.path, 'strace.log');
  const output = join(outputs, 'traced');
  await broker(folder, ['export', '--since', '1d', '-o', output], {}, [
    ...['strace', '-f', '--seccomp-bpf', '-qq', '-s', '400', '-e', 'trace=openat,open', '-o', log],
  ]);
  rmSync(output, { recursive: true });
  const keys: string[] = [];
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const path = /open(?:at)?\((?:AT_FDCWD, )?"([^"]+)"/.exec(line)?.[1];
    if (path?.startsWith(`${store}/`)) keys.push(path.slice(store.length + 1));
  }
  return keys;
}

async function folderStore(provider: FakeProvider): Promise<void> {
  const store = join(work.path, 'store');
  const until = lastHour();
  const started = performance.now();
  const order = { provider, sessions: SESSIONS, writers: WRITERS, days: DAYS, until };
  const objects = await crowdFolder(store, order);
  const made = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `store: ${SESSIONS} sessions of ${WRITERS} writers over ${DAYS} days, ${objects} objects (made in ${made} s)`,
  );
  const folder = home('auditor', provider, `file:${store}`);
  const peaks = new Map<string, number[]>();
  const days = readdirSync(join(store, 'v1/stmt')).filter((day) => day >= `day=${dayOf(Date.now() - DAY)}`);
  const copy = join(outputs, 'copy');
  const ways = [
    { name: 'bundle', args: ['--format', 'bundle'] },
    { name: 'csv', args: ['--format', 'csv'] },
    { name: 'verify', args: undefined },
    { name: 'copy' },
    { name: 'read' },
  ];
  let [statements, bundle] = [0, ''];
  const figures = await interleaved(ROUNDS, ways, async ({ name, args }) => {
    const output = join(outputs, 'evidence');
    rmSync(output, { recursive: true, force: true });
    if (name === 'copy' || name === 'read') {
      rmSync(copy, { recursive: true, force: true });
      const start = performance.now();
      // The same bytes: what an export of this span holds.
      if (name === 'copy') await run('cp', ['-r', bundle, copy], {});
      else await run('bash', ['-c', `find '${bundle}/v1' -type f -print0 | xargs -0 sha256sum`], {});
      return (performance.now() - start) / 1000;
    }
    const command =
      name === 'verify'
        ? ['verify', '--since', '1d']
        : ['export', '--since', '1d', ...(args ?? []), '-o', output];
    const { seconds, peak } = await broker(folder, command);
    peaks.set(name, [...(peaks.get(name) ?? []), peak / MEGABYTE]);
    if (name === 'bundle') {
      bundle = join(outputs, 'bundle');
      rmSync(bundle, { recursive: true, force: true });
      execFileSync('mv', [output, bundle]);
      statements = (JSON.parse(readFileSync(join(bundle, 'index.json'), 'utf8')).statements as unknown[])
        .length;
    }
    return seconds;
  });
  console.log(`export --since 1d: ${statements} statements of ${days.join(', ')}`);
  const of = (name: string) => figures.get(name) ?? [];
  for (const name of ['bundle', 'csv', 'verify'])
    console.log(
      `${name.padEnd(8)} ${figure(of(name), 's')}   peak ${figure(peaks.get(name) ?? [], 'MB')}   ${(median(of(name)) / median(of('copy'))).toFixed(2)} × cp -r, ${(median(of(name)) / median(of('read'))).toFixed(2)} × sha256sum of the same files   goal ≤ 5 s, ≤ 200 MB`,
    );
  console.log(`cp -r    ${figure(of('copy'), 's')}\nsha256sum ${figure(of('read'), 's')}`);
  if (which('strace')) tellPlaces('folder store', await opened(folder, store), Date.now() - DAY);
}

/** The key of a request, or what was listed from where on. */
function keyOf(asked: string): string {
  const { pathname, searchParams } = new URL(asked.slice('GET '.length), 'http://127.0.0.1');
  const prefix = searchParams.get('prefix');
  const after = searchParams.get('start-after') ?? searchParams.get('key-marker') ?? '';
  return prefix === null ? decodeURIComponent(pathname.replace('/evidence/', '')) : `list ${prefix} ${after}`;
}

async function bucketStore(provider: FakeProvider): Promise<void> {
  const s3 = await startS3();
  try {
    await s3.createBucket('evidence');
    const { environment } = s3.owner;
    const store = await openStore(s3.url('evidence'), environment);
    const order = { provider, sessions: BUCKET_SESSIONS, writers: 20, days: DAYS, until: lastHour() };
    let waiting: Promise<unknown>[] = [];
    for await (const { key, bytes } of crowd(order)) {
      waiting.push(store.put(key, bytes));
      if (waiting.length < 32) continue;
      await Promise.all(waiting);
      waiting = [];
    }
    await Promise.all(waiting);
    await store.close();
    const between = await startBetween(s3.endpoint);
    const url = `s3://evidence/?endpoint=${encodeURIComponent(between.endpoint)}`;
    const folder = home('bucket-auditor', provider, url);
    const runs: Run[] = [];
    for (let round = 0; round < 3; round++) {
      between.asked.length = 0;
      const output = join(folder, `evidence-${round}`);
      runs.push(await broker(folder, ['export', '--since', '1d', '-o', output], environment));
    }
    console.log(`S3 (radosgw), ${BUCKET_SESSIONS} sessions over ${DAYS} days:`);
    console.log(
      `bundle   ${figure(
        runs.map(({ seconds }) => seconds),
        's',
      )}   peak ${figure(
        runs.map(({ peak }) => peak / MEGABYTE),
        'MB',
      )}`,
    );
    tellPlaces('bucket', between.asked.map(keyOf), Date.now() - DAY);
    await between.close();
  } finally {
    await s3.stop();
  }
}

const served = await servedProvider();
try {
  await folderStore(served.provider);
  if (which('radosgw')) await bucketStore(served.provider);
} finally {
  served.close();
  work.remove();
  rmSync(outputs, { recursive: true, force: true });
}
