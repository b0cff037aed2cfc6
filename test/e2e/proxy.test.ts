import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { startWorld, type World } from '../peers/world.ts';
import { openProxy, type Proxied } from './proxied.ts';

const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';

describe.runIf(peer('psql'))('foreign clients through broker proxy', () => {
  let world: World;
  let proxied: Proxied;
  let folder: string;
  const psql = (...args: string[]) =>
    execFileSync('psql', ['-X', '-v', 'ON_ERROR_STOP=1', ...args], {
      env: proxied.environment,
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 64 << 20,
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proxy-'));
    world = await startWorld();
    await world.signIn();
    proxied = await openProxy(world);
  });
  afterAll(async () => {
    await proxied?.close();
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('describes tables, results and functions as psql does on its own', () => {
    expect(psql('-c', '\\d customers')).toContain('customers_email_key');
    expect(psql('-c', '\\dt')).toContain('orders');
    const described = join(folder, 'gdesc.sql');
    writeFileSync(described, 'select id, card from customers \\gdesc\n');
    expect(psql('-f', described)).toContain('character varying(19)');
  });

  it('copies in and out with \\copy, masked on the way out', () => {
    const file = join(folder, 'orders.tsv');
    psql(
      '-c',
      'create table copied (like orders)',
      '-c',
      `\\copy orders to '${file}'`,
      '-c',
      `\\copy copied from '${file}'`,
    );
    expect(psql('-Atc', 'select count(*) from copied')).toBe('240\n');
    const cards = join(folder, 'cards.csv');
    psql('-c', `\\copy (select id, card, email from customers order by id limit 3) to '${cards}' csv header`);
    expect(readFileSync(cards, 'utf8')).toBe(
      'id,card,email\n1,[payment-card],[email]\n2,[payment-card],[email]\n3,[payment-card],[email]\n',
    );
  });

  it('reads through cursors, masked', () => {
    const script =
      'begin; declare c cursor for select id, card from customers order by id; fetch 2 from c; move 1 in c; fetch 1 from c; commit;';
    expect(psql('-At', '-c', script)).toContain('[payment-card]');
    expect(psql('-At', '-v', 'FETCH_COUNT=7', '-c', 'select card from customers').trim().split('\n')).toEqual(
      Array.from({ length: 60 }, () => '[payment-card]'),
    );
  });

  it('carries LISTEN and NOTIFY', () => {
    expect(psql('-c', 'listen news', '-c', "notify news, 'hello'")).toContain(
      'Asynchronous notification "news"',
    );
  });

  it('cancels a running statement with Ctrl-C, and the session goes on', async () => {
    const child = spawn('psql', ['-X', '-c', 'select pg_sleep(60)'], { env: proxied.environment });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const running = async () =>
      (
        await world.postgres.query(
          "select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'",
        )
      ).length;
    while ((await running()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    expect(await ended).not.toBe(0);
    expect(stderr).toContain('canceling statement due to user request');
    expect(psql('-Atc', 'select 1')).toBe('1\n');
  });

  it.runIf(peer('pgbench'))(
    'runs pgbench: fill, TPC-B and select-only, three protocols, sixteen clients, no error',
    () => {
      const pgbench = (...args: string[]) =>
        execFileSync(PGBENCH, args, {
          env: proxied.environment,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: 120_000,
        });
      // The first drop would ask for approval in this world; pgbench without `d` makes the tables itself.
      pgbench('-i', '-I', 'tgvp', '-q');
      for (const protocol of ['simple', 'extended', 'prepared']) {
        expect(pgbench('-n', '-c', '16', '-t', '20', '-M', protocol)).toContain('processed: 320/320');
        expect(pgbench('-n', '-S', '-c', '16', '-t', '100', '-M', protocol)).toContain(
          'processed: 1600/1600',
        );
      }
    },
  );

  it('streams five million rows in constant memory', () => {
    const rows = 5_000_000;
    psql('-Atc', `\\copy (select n, 'row ' || n from generate_series(1, 50000) n) to '/dev/null'`);
    const before = proxied.peak();
    psql('-Atc', `\\copy (select n, 'row ' || n from generate_series(1, ${rows}) n) to '/dev/null'`);
    writeFileSync(
      join(folder, 'select.sql'),
      `\\set FETCH_COUNT 20000\n\\o /dev/null\nselect n, 'row ' || n from generate_series(1, ${rows}) n;\n`,
    );
    psql('-q', '-f', join(folder, 'select.sql'));
    expect(proxied.peak()).toBeLessThan(Math.max(before + 40, 180));
  }, 240_000);

  it('lets nobody in without the session secret, and records the attempt', () => {
    const wrong = () => psql('-h', proxied.host, '-p', String(proxied.port), '-c', 'select 1');
    const kept = proxied;
    proxied = { ...kept, environment: { ...kept.environment, PGPASSWORD: 'guess' } };
    expect(wrong).toThrow(/secret|password/);
    proxied = kept;
    const spool = join(world.environment['XDG_STATE_HOME'] ?? '', 'broker', 'spool', kept.session);
    expect(readFileSync(join(spool, 'events-worker-0.jsonl'), 'utf8')).toContain('"type":"client.refused"');
  });

  it('listens on loopback only', () => {
    const out = execFileSync('ss', ['-ltnH', `sport = :${proxied.port}`], { encoding: 'utf8' });
    expect(out.trim().split('\n')).toEqual([expect.stringContaining(`127.0.0.1:${proxied.port}`)]);
  });

  it('refuses a browser that speaks HTTP to the port', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(proxied.port, '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk.toString('latin1');
      });
      socket.on('close', () => resolve(seen));
      socket.on('error', () => resolve(seen));
    });
    expect(answer).not.toContain('HTTP/1.1 200');
  });
});
