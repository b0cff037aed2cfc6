// Small statements and new connections through the whole product, next to pgbouncer and to no proxy at all. targets.md section 1.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '../peers/peer.ts';
import { startPostgres } from '../peers/postgres.ts';
import { directly, servesEndpoint, throughBroker, throughPgbouncer, type Way } from './endpoint.ts';
import { interleaved, median, print, run } from './measure.ts';

const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = process.env['BENCH_SECONDS'] ?? '2';

async function rate({ environment }: Way, args: readonly string[]): Promise<number> {
  const out = await run(PGBENCH, ['-n', '-S', '-T', SECONDS, ...args], environment);
  return Number(/tps = ([\d.]+)/.exec(out)?.[1]);
}

/** Microseconds of the p-th percentile of single statements. */
async function latencies({ environment }: Way): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbench-log-'));
  await run(PGBENCH, ['-n', '-S', '-T', SECONDS, '-M', 'prepared', '-l'], environment, { cwd: folder });
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  rmSync(folder, { recursive: true, force: true });
  return lines
    .filter(Boolean)
    .map((line) => Number(line.split(' ')[2]))
    .sort((a, b) => a - b);
}

async function connecting({ environment }: Way): Promise<number> {
  const out = await run(PGBENCH, ['-n', '-S', '-C', '-T', SECONDS], environment);
  return Number(/average connection time = ([\d.]+)/.exec(out)?.[1]);
}

/** Milliseconds of statements never seen before: each has a text of its own. */
async function firstSight({ environment }: Way): Promise<number> {
  const texts = Array.from(
    { length: 200 },
    (_, n) =>
      `select abalance as a${n}_${Math.random().toString(36).slice(2)} from pgbench_accounts where aid = ${n}`,
  );
  const out = await run(
    'psql',
    [
      '-X',
      '-q',
      '-A',
      '-t',
      ...texts.flatMap((text) => ['-c', text]),
      '-c',
      '\\timing on',
      ...texts.flatMap((text) => ['-c', text.replace(' as a', ' as b')]),
    ],
    environment,
  );
  return median([...out.matchAll(/Time: ([\d.]+) ms/g)].map((match) => Number(match[1])));
}

async function tps(ways: readonly Way[]): Promise<void> {
  for (const clients of [1, 16])
    for (const protocol of ['simple', 'extended', 'prepared']) {
      const args = ['-c', String(clients), '-M', protocol];
      const figures = await interleaved(ROUNDS, ways, (way) => rate(way, args));
      const row = `pgbench -S tps, ${clients} client${clients > 1 ? 's' : ''}, ${protocol}`;
      print(row, figures, 'broker', 'pgbouncer', clients === 1 ? '≥ 1.0 (floor 0.8)' : '≥ 0.9 (floor 0.65)');
      print('', figures, 'broker', 'direct', '');
    }
}

async function added(ways: readonly Way[]): Promise<void> {
  const percentiles = new Map<string, { p50: number[]; p99: number[] }>(
    ways.map(({ name }) => [name, { p50: [], p99: [] }]),
  );
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ways) {
      const sorted = await latencies(way);
      percentiles.get(way.name)?.p50.push(sorted[Math.floor(sorted.length * 0.5)] ?? 0);
      percentiles.get(way.name)?.p99.push(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
    }
  const over = (of: 'p50' | 'p99', name: string) =>
    Math.round(median(percentiles.get(name)?.[of] ?? []) - median(percentiles.get('direct')?.[of] ?? []));
  for (const name of ['broker', 'pgbouncer'])
    console.log(
      `added p50 / p99 per statement seen before, ${name}`.padEnd(52),
      `${over('p50', name)} µs / ${over('p99', name)} µs   goal ≤ 60 / ≤ 150 (floor 100 / 400)`,
    );
}

if (!(await servesEndpoint())) {
  if (!peer('pgbench') || !peer('pgbouncer')) {
    console.log('not run: needs pgbench and pgbouncer (apt-get install -y postgresql-15 pgbouncer)');
  } else {
    const server = await startPostgres({ version: 15 });
    const ways: Way[] = [directly(server)];
    try {
      await run(PGBENCH, ['-i', '-s', '10', '-q'], directly(server).environment);
      const profile = process.env['BENCH_PROFILE'];
      ways.push(await throughPgbouncer(server), await throughBroker(server, profile ? { profile } : {}));
      await tps(ways);
      await added(ways);
      const sights = await interleaved(ROUNDS, ways, firstSight);
      const first = median(sights.get('broker') ?? []) - median(sights.get('direct') ?? []);
      console.log(
        'first sight of a statement, added'.padEnd(52),
        `${first.toFixed(2)} ms   goal ≤ 0.5 (floor 1.5)`,
      );
      const connections = await interleaved(ROUNDS, ways, connecting);
      print('new connection through an open session', connections, 'broker', 'pgbouncer', '≤ 1.5 (floor 3)');
    } finally {
      for (const way of ways) await way.stop();
      await server.stop();
    }
  }
}
