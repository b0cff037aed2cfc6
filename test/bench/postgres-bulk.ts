// Large answers through the whole product next to no proxy at all, and what memory they take. targets.md section 1.
import { peer } from '../peers/peer.ts';
import { startPostgres } from '../peers/postgres.ts';
import { directly, servesEndpoint, throughBroker, throughPgbouncer, type Way } from './endpoint.ts';
import { interleaved, print, run } from './measure.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';

const SETUP = `create table bulk as select g as id, md5(g::text) as name, md5((g + 1)::text) as city,
  repeat('4', 16) as card, repeat('x', 40) as note from generate_series(1, ${ROWS}) g`;

const milliseconds = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** Rows per second; psql reads a portal's worth at a time, so that it is not its memory that is measured. */
const copying = (way: Way) =>
  milliseconds(() =>
    run('sh', ['-c', 'psql -X -q -c "copy bulk to stdout" > /dev/null'], way.environment),
  ).then((ms) => ROWS / ms);
const selecting = (way: Way) =>
  milliseconds(() =>
    run('sh', ['-c', `echo "select * from bulk;" | ${PGBENCH} -n -t 1 -f /dev/stdin`], way.environment),
  ).then((ms) => ROWS / ms);

async function flat(way: Way): Promise<void> {
  const before = (await way.memory?.()) ?? 0;
  let most = before;
  let done = false;
  const watch = (async () => {
    while (!done) {
      most = Math.max(most, (await way.memory?.()) ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  await run(PGBENCH, ['-n', '-S', '-c', '64', '-T', '5'], way.environment);
  for (let left = 5_000_000; left > 0; left -= ROWS) await copying(way);
  done = true;
  await watch;
  console.log(
    'worker memory, 64 connections, then 5 M rows'.padEnd(52),
    `${Math.round(most / 1e6)} MB at most, ${Math.round(before / 1e6)} MB before   goal ≤ 120 MB (floor 180)`,
  );
}

if (!(await servesEndpoint())) {
  if (!peer('pgbench') || !peer('pgbouncer') || !peer('psql')) {
    console.log('not run: needs psql, pgbench and pgbouncer (apt-get install -y postgresql-15 pgbouncer)');
  } else {
    const server = await startPostgres({ version: 15, settings: { max_wal_size: '4GB' } });
    const ways: Way[] = [directly(server)];
    try {
      await server.query(SETUP);
      await server.query('vacuum analyze bulk');
      await run(PGBENCH, ['-i', '-s', '1', '-q'], directly(server).environment);
      const masked = { 'public.bulk.card': 'payment-card' };
      ways.push(await throughPgbouncer(server), await throughBroker(server));
      ways.push(await throughBroker(server, { name: 'masked', columns: masked }));
      ways.push(
        await throughBroker(server, {
          name: 'detectors',
          detectors: ['email', 'payment-card', 'iban', 'jwt'],
        }),
      );
      for (const [what, measure] of [
        ['select', selecting],
        ['COPY out', copying],
      ] as const) {
        const figures = await interleaved(ROUNDS, ways, measure);
        print(`bulk ${what}, nothing masked`, figures, 'broker', 'direct', '≥ 1.0 (floor 0.9)');
        print(`bulk ${what}, pgbouncer`, figures, 'pgbouncer', 'direct', '');
        print(
          `bulk ${what}, one of five columns masked by lineage`,
          figures,
          'masked',
          'direct',
          '≥ 0.95 (floor 0.85)',
        );
        print(
          `bulk ${what}, detectors on every text column`,
          figures,
          'detectors',
          'direct',
          '≥ 0.5 (floor 0.25)',
        );
      }
      const broker = ways.find(({ name }) => name === 'broker');
      if (broker) await flat(broker);
    } finally {
      for (const way of ways) await way.stop();
      await server.stop();
    }
  }
}
