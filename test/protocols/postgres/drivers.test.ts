// Clients nobody here wrote, through the proxy, against real servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedSession, serveSession } from '../../fakes/session.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = '',
): Promise<Ran> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TZ: 'UTC', HOME: '/nonexistent', ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

const PSQL_SCRIPT = `
\\set VERBOSITY verbose
create table items (id serial primary key, name text not null, price numeric(8,2) default 1.50);
comment on table items is 'things';
insert into items (name, price) values ('ärger', 2), ('b"q', null), (E'tab\\there', 3.25) returning *;
\\d
\\d items
\\d+ items
\\dt+
\\l
\\du
\\df pg_catalog.lower
select 1 as a, 'x'::text as b \\gdesc
select * from items order by id \\gx
select format('select %s as n', g) from generate_series(1,3) g \\gexec
begin;
declare c cursor for select g from generate_series(1,10) g;
fetch 3 from c;
move 2 in c;
fetch backward 1 from c;
close c;
commit;
\\set FETCH_COUNT 2
select g from generate_series(1,5) g;
\\unset FETCH_COUNT
select 1/0;
select 'not a number'::int;
\\echo :LAST_ERROR_SQLSTATE
\\copy (select id, name from items order by id) to stdout csv header
\\copy items (name, price) from stdin csv
one,1
"t,w""o",2
\\.
select count(*) from items;
prepare p(int) as select name from items where id = $1;
execute p(1);
deallocate p;
do $$ begin raise notice 'a notice %', 1; raise warning 'a warning'; end $$;
listen ch;
notify ch, 'payload';
unlisten ch;
select 1; select 2 \\; select 3;
\\crosstabview
select 'a' as r, 'b' as c, 1 as v \\crosstabview
\\errverbose
\\timing off
\\conninfo_is_left_out
\\encoding
\\set ON_ERROR_ROLLBACK on
begin;
select 1/0;
select 'still here';
commit;
create or replace function noisy() returns int language plpgsql as $$ begin raise info 'in it'; return 7; end $$;
select noisy();
\\sf noisy
drop function noisy();
drop table items;
`;

describe.each([15, 18] as const)('PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('does not let its clients notice the proxy', () => {
    let server: PostgresPeer;
    let session: ServedSession;
    let direct: Record<string, string>;
    beforeAll(async () => {
      server = await startPostgres({ version });
      session = await serveSession(server);
      const { user, password } = server.superuser;
      direct = {
        PGHOST: '127.0.0.1',
        PGPORT: String(server.port),
        PGUSER: user,
        PGDATABASE: 'postgres',
        PGPASSWORD: password,
      };
    });
    afterAll(async () => {
      expect(session.failures).toEqual([]);
      await session.stop();
      await server.stop();
    });

    describe.runIf(peer('psql'))('psql', () => {
      it('prints the same for a long script, byte for byte', async () => {
        const clean = ({ code, out, err }: Ran) => ({
          code,
          out: out.replace(/PID \d+/g, 'PID'),
          // The statement's position is the same, the server process is not.
          err: err.replace(/PID \d+/g, 'PID'),
        });
        const args = ['-X', '-f', '-'];
        const expected = clean(await run('psql', args, direct, PSQL_SCRIPT));
        const actual = clean(await run('psql', args, session.environment, PSQL_SCRIPT));
        expect(expected.out).toContain('tab\there');
        expect(actual).toEqual(expected);
      });

      it('copies a large file in and out unchanged', async () => {
        const lines = Array.from({ length: 200_000 }, (_, n) => `${n}\trow ${n} ${'x'.repeat(n % 50)}`).join(
          '\n',
        );
        const script = (text: string) =>
          `create temp table big (a int, b text);\n\\copy big from stdin\n${text}\n\\.\n\\copy (select * from big order by a) to stdout\n`;
        const { out, err } = await run('psql', ['-X', '-q', '-f', '-'], session.environment, script(lines));
        expect(err).toBe('');
        expect(out).toBe(`${lines}\n`);
      });

      it('cancels a running statement with Ctrl-C', async () => {
        const child = spawn('psql', ['-X', '-c', 'select pg_sleep(30)'], {
          env: { PATH: process.env['PATH'], ...session.environment },
        });
        let err = '';
        child.stderr.on('data', (chunk: Buffer) => {
          err += chunk.toString('utf8');
        });
        const deadline = Date.now() + 10_000;
        for (;;) {
          const [row] = await server.query(
            "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(30)' and state = 'active'",
          );
          if (row?.['n'] === 1 || Date.now() > deadline) break;
        }
        child.kill('SIGINT');
        await once(child, 'close');
        expect(err).toContain('canceling statement due to user request');
      });

      it('is told about a wrong password, and about another database', async () => {
        const wrong = await run('psql', ['-X', '-c', 'select 1'], {
          ...session.environment,
          PGPASSWORD: 'no',
        });
        expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('session secret')]);
        const other = await run('psql', ['-X', '-c', 'select 1'], {
          ...session.environment,
          PGDATABASE: 'template1',
        });
        expect([other.code, other.err]).toEqual([2, expect.stringContaining('database "template1"')]);
      });

      it('takes any user name, and settings that only format', async () => {
        const { out } = await run(
          'psql',
          ['-X', '-At', '-c', 'show datestyle', '-c', 'show application_name'],
          {
            ...session.environment,
            PGUSER: 'somebody',
            PGDATESTYLE: 'German',
            PGAPPNAME: 'my tool',
          },
        );
        expect(out).toBe('German, DMY\nmy tool broker/s-test\n');
      });
    });

    describe.runIf(peer('pgbench'))('pgbench', () => {
      const pgbench = '/usr/lib/postgresql/15/bin/pgbench';
      it('fills its tables and runs TPC-B in every protocol with sixteen clients', async () => {
        const filled = await run(pgbench, ['-i', '-s', '2', '-q'], session.environment);
        expect(filled.code).toBe(0);
        for (const protocol of ['simple', 'extended', 'prepared']) {
          for (const script of ['select-only', 'tpcb-like']) {
            const args = ['-n', '-c', '16', '-t', '20', '-M', protocol, '-b', script];
            const ran = await run(pgbench, args, session.environment);
            expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('processed: 320/320')]);
          }
        }
      }, 120_000);

      it('runs pipelines', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'pgbench-'));
        const script = join(folder, 'pipeline.sql');
        writeFileSync(script, '\\startpipeline\nselect 1;\nselect 2;\nselect 3;\n\\endpipeline\n');
        for (const protocol of ['extended', 'prepared']) {
          const args = ['-n', '-c', '2', '-t', '50', '-M', protocol, '-f', script];
          const ran = await run(pgbench, args, session.environment);
          expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('processed: 100/100')]);
        }
        rmSync(folder, { recursive: true });
      });
    });

    describe('node-postgres', () => {
      it('queries, prepares, reads types, and reports errors', async () => {
        const client = new pg.Client({ connectionString: session.url });
        const notices: string[] = [];
        client.on('notice', (notice) => notices.push(notice.message ?? ''));
        await client.connect();
        expect((await client.query('select $1::int + 1 as n', [1])).rows).toEqual([{ n: 2 }]);
        for (let n = 0; n < 3; n++)
          expect(
            (await client.query({ name: 'twice', text: 'select $1::text as t', values: [`v${n}`] })).rows,
          ).toEqual([{ t: `v${n}` }]);
        await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
        await client.query("do $$ begin raise notice 'n'; end $$");
        expect(notices).toEqual(['n']);
        const many = await Promise.all(
          Array.from({ length: 200 }, (_, n) => client.query('select $1::int as n', [n])),
        );
        expect(many.map(({ rows }) => rows[0]?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
        await client.end();
      });

      it('notifies, reads cursors, and streams COPY both ways', async () => {
        const client = new pg.Client({ connectionString: session.url });
        await client.connect();
        const notified = once(client, 'notification');
        await client.query('listen news');
        await client.query("select pg_notify('news', 'extra')");
        expect((await notified)[0]).toMatchObject({ channel: 'news', payload: 'extra' });
        const cursor = client.query(new Cursor('select g from generate_series(1,5) g'));
        expect(await cursor.read(2)).toEqual([{ g: 1 }, { g: 2 }]);
        expect(await cursor.read(10)).toEqual([{ g: 3 }, { g: 4 }, { g: 5 }]);
        await cursor.close();
        const early = client.query(new Cursor('select g from generate_series(1,500) g'));
        await early.read(1);
        await early.close();
        await client.query('create temp table streamed (a int, b text)');
        const rows = Array.from({ length: 5_000 }, (_, n) => `${n}\tline ${n}\n`);
        await pipe(Readable.from(rows), client.query(copyStreams.from('copy streamed from stdin')));
        let text = '';
        for await (const chunk of client.query(copyStreams.to('copy streamed to stdout')))
          text += String(chunk);
        expect(text).toBe(rows.join(''));
        await client.end();
      });
    });

    it('postgres.js queries, pipelines, uses cursors and transactions', async () => {
      const sql = postgres(session.url, { max: 2, onnotice: () => {} });
      const many = await Promise.all(Array.from({ length: 100 }, (_, n) => sql`select ${n}::int as n`));
      expect(many.map((rows) => rows[0]?.['n'])).toEqual(Array.from({ length: 100 }, (_, n) => n));
      const seen: number[] = [];
      await sql`select g from generate_series(1,10) g`.cursor(3, (rows) => {
        seen.push(...rows.map((row) => row['g'] as number));
      });
      expect(seen).toHaveLength(10);
      await sql.begin(async (tx) => {
        await tx`create temp table in_tx (a int) on commit drop`;
        await tx`insert into in_tx ${tx([{ a: 1 }, { a: 2 }])}`;
        expect(await tx`select sum(a)::int as s from in_tx`).toEqual([{ s: 3 }]);
      });
      await expect(sql`select 1/${0}::int`).rejects.toMatchObject({ code: '22012' });
      expect(await sql`select 'refuse_me'`.catch((error: { code: string }) => error.code)).toBe('42501');
      expect(await sql`select 1 as n`).toEqual([{ n: 1 }]);
      await sql.end();
    });

    const python = (script: string) => run('/usr/bin/python3', ['-c', script], session.environment);

    it.runIf(peer('psycopg'))('psycopg 3 queries, pipelines, copies and cancels', async () => {
      const ran = await python(`
import psycopg
with psycopg.connect("") as c:
    for i in range(8):
        assert c.execute("select %s::int + 1", (i,), prepare=True).fetchone() == (i + 1,)
    assert c.execute("select %b::int8", (5,), binary=True).fetchone() == (5,)
    c.commit()
    with c.pipeline() as p:
        curs = [c.execute("select %s::int", (i,)) for i in range(50)]
        p.sync()
        assert [x.fetchone()[0] for x in curs] == list(range(50))
    try:
        with c.pipeline() as p:
            c.execute("select 1")
            c.execute("select refuse_me")
            c.execute("select 2")
        assert False
    except psycopg.errors.InsufficientPrivilege as e:
        assert e.diag.message_detail == 'policy: fake', e.diag.message_detail
    c.rollback()
    c.execute("create temp table t (a int, b text)")
    with c.cursor().copy("copy t from stdin") as cp:
        for i in range(1000): cp.write_row((i, 'x'))
    with c.cursor().copy("copy t to stdout (format binary)") as cp:
        cp.set_types(['int4', 'text'])
        assert sum(1 for _ in cp.rows()) == 1000
    with c.cursor(name='named') as cur:
        cur.itersize = 100
        cur.execute("select a from t order by 1")
        assert sum(1 for _ in cur) == 1000
    c.commit()
print('done')
`);
      // psycopg may grumble on stderr about the pipeline it gave up, with or without us.
      expect([ran.code, ran.out]).toEqual([0, 'done\n']);
    });

    it.runIf(peer('psycopg2'))('psycopg2 queries, copies and listens', async () => {
      const ran = await python(`
import psycopg2, io
c = psycopg2.connect("")
cur = c.cursor()
cur.execute("select %s, %s", (1, 'zwei'))
assert cur.fetchone() == (1, 'zwei')
cur.execute("create temp table t (a int)")
cur.copy_expert("copy t from stdin", io.StringIO("1\\n2\\n"))
out = io.StringIO(); cur.copy_expert("copy t to stdout", out)
assert out.getvalue() == "1\\n2\\n"
n = c.cursor('srv'); n.execute("select generate_series(1,5000)")
assert len(n.fetchall()) == 5000
c.commit()
c.autocommit = True
cur.execute("listen x; notify x, 'y'"); c.poll()
assert c.notifies[0].payload == 'y'
print('done')
`);
      expect(ran).toEqual({ code: 0, out: 'done\n', err: '' });
    });

    it.runIf(peer('asyncpg'))('asyncpg prepares, uses cursors and copies', async () => {
      const ran = await python(`
import asyncio, asyncpg, io, os
async def main():
    c = await asyncpg.connect(ssl=False)
    for i in range(5):
        assert await c.fetchval("select $1::int + 1", i) == i + 1
    assert await c.fetch("select g, g::text t from generate_series(1,3) g") != []
    async with c.transaction():
        n = 0
        async for r in c.cursor("select generate_series(1,300) g", prefetch=50): n += 1
        assert n == 300
    await c.execute("create temp table t (a int, b text)")
    await c.copy_records_to_table('t', records=[(i, str(i)) for i in range(500)])
    out = io.BytesIO(); await c.copy_from_table('t', output=out)
    assert out.getvalue().count(b"\\n") == 500
    await c.executemany("insert into t values ($1, $2)", [(i, 'm') for i in range(100)])
    assert await c.fetchval("select count(*) from t") == 600
    try:
        await c.fetch("select 'refuse_me'"); assert False
    except asyncpg.InsufficientPrivilegeError: pass
    assert await c.fetchval("select 1") == 1
    try:
        await asyncio.wait_for(c.execute("select pg_sleep(20)"), 0.3); assert False
    except asyncio.TimeoutError: pass
    assert await c.fetchval("select 2") == 2
    await c.close()
asyncio.run(main())
print('done')
`);
      expect(ran).toEqual({ code: 0, out: 'done\n', err: '' });
    });
  });
});
