// The same messages sent directly and through the proxy bring the same answers, whatever their order.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedSession, serveSession } from '../../fakes/session.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { raw, say } from './raw.ts';

const { query, parse, bind, describe: ask, execute, close, sync, flush, copyData, copyDone, copyFail } = say;

/** What is sent, and how many ReadyForQuery end the answer; steps wait for each other. */
type Step = readonly [messages: readonly Buffer[], ready: number];

const CONVERSATIONS: Readonly<Record<string, readonly Step[]>> = {
  'a simple query': [[[query("select 1 as a, null::text as b, 'ü' as c")], 1]],
  'an empty query': [[[query('')], 1]],
  'nothing but a semicolon': [[[query(' ; ')], 1]],
  'several statements in one query': [
    [
      [
        query(
          "select 1; select 'two' as b; create temp table zz (a int); insert into zz values (1),(2); select * from zz",
        ),
      ],
      1,
    ],
  ],
  'an error in the middle of several statements': [
    [[query('select 1; select 1/0; select 3')], 1],
    [[query('select 4')], 1],
  ],
  'a syntax error': [[[query('selec 1')], 1]],
  'a transaction that fails and is rolled back': [
    [[query('begin')], 1],
    [[query('select 1/0')], 1],
    [[query('select 1')], 1],
    [[query('rollback')], 1],
  ],
  'queries sent without waiting': [
    [[query('select 1'), query('select 2/0'), query('begin'), query('select 3'), query('rollback')], 5],
  ],
  'parse, bind, describe, execute': [
    [[parse('', 'select $1::int + 1 as n'), bind('', '', ['41']), ask('P', ''), execute(''), sync()], 1],
  ],
  'execute without describing anything': [
    [[parse('', 'select $1::int + 1 as n'), bind('', '', ['41']), execute(''), sync()], 1],
  ],
  'binary results': [
    [
      [
        parse('', 'select 1::int8 as n, now() is null as b'),
        bind('', '', [], true),
        ask('P', ''),
        execute(''),
        sync(),
      ],
      1,
    ],
  ],
  'a named statement described once and executed thrice': [
    [[parse('s1', 'select $1::text as t', [25]), ask('S', 's1'), sync()], 1],
    [[bind('', 's1', ['a']), execute(''), sync()], 1],
    [[bind('', 's1', [null]), execute(''), bind('p', 's1', ['b']), execute('p'), sync()], 1],
    [[close('S', 's1'), sync()], 1],
    [[bind('', 's1', ['c']), execute(''), sync()], 1],
  ],
  'a statement prepared twice under one name': [
    [[parse('s2', 'select 1'), sync()], 1],
    [[parse('s2', 'select 2'), bind('', 's2'), execute(''), sync()], 1],
    [[bind('', 's2'), execute(''), sync()], 1],
  ],
  'a statement closed and prepared anew in one go': [
    [[parse('s3', 'select 1 as one'), sync()], 1],
    [
      [close('S', 's3'), parse('s3', 'select 2 as two'), bind('', 's3'), ask('P', ''), execute(''), sync()],
      1,
    ],
  ],
  'a failed group that would have replaced a statement': [
    [[parse('s4', "select 'old' as v"), sync()], 1],
    [
      [
        parse('', 'selec'),
        close('S', 's4'),
        parse('s4', "select 'new' as v"),
        sync(),
        bind('', 's4'),
        execute(''),
        sync(),
      ],
      2,
    ],
  ],
  'portals with row limits': [
    [[query('begin')], 1],
    [
      [
        parse('', 'select g from generate_series(1,5) g'),
        bind('c1', ''),
        ask('P', 'c1'),
        execute('c1', 2),
        flush(),
        execute('c1', 2),
        execute('c1', 2),
        execute('c1', 2),
        close('P', 'c1'),
        sync(),
      ],
      1,
    ],
    [[query('commit')], 1],
  ],
  'a portal fetched from across syncs': [
    [[query('begin')], 1],
    [[parse('', 'select g from generate_series(1,3) g'), bind('c2', ''), execute('c2', 1), sync()], 1],
    [[execute('c2', 1), sync()], 1],
    [[query('commit')], 1],
    [[execute('c2', 1), sync()], 1],
  ],
  'an error that skips to sync': [
    [
      [
        parse('', 'select 1/$1::int'),
        bind('', '', ['0']),
        execute(''),
        parse('', 'select 2'),
        bind('', ''),
        execute(''),
        sync(),
        query('select 3'),
      ],
      2,
    ],
  ],
  'an error inside an implicit transaction undoes what came before it': [
    [[query('create table if not exists undone (a int)')], 1],
    [
      [
        parse('', 'insert into undone values (1)'),
        bind('', ''),
        execute(''),
        parse('', 'select 1/0'),
        bind('', ''),
        execute(''),
        sync(),
      ],
      1,
    ],
    [[query('select count(*) from undone')], 1],
    [[query('drop table undone')], 1],
  ],
  'two groups, the first of which fails': [
    [
      [
        parse('', 'select 1/0'),
        bind('', ''),
        execute(''),
        sync(),
        parse('', 'select 5'),
        bind('', ''),
        execute(''),
        sync(),
      ],
      2,
    ],
  ],
  'a commit that fails at sync': [
    [
      [
        query(
          'create temp table parent (a int primary key); create temp table child (a int references parent deferrable initially deferred)',
        ),
      ],
      1,
    ],
    [[parse('', 'insert into child values (1)'), bind('', ''), execute(''), sync()], 1],
  ],
  'a statement without rows': [
    [[parse('', "set datestyle to 'SQL'"), bind('', ''), ask('P', ''), execute(''), sync()], 1],
  ],
  'an empty statement': [[[parse('', ''), bind('', ''), ask('P', ''), execute(''), sync()], 1]],
  'a description of something that is not there': [
    [[ask('S', 'nothing'), sync()], 1],
    [[ask('P', 'nothing'), sync()], 1],
  ],
  'executing a portal that is not there': [[[execute('nothing'), sync()], 1]],
  'closing what is not there': [[[close('S', 'nothing'), close('P', 'nothing'), sync()], 1]],
  notices: [
    [
      [
        query(
          "do $$ begin raise notice 'hello'; raise warning 'careful' using hint = 'h', detail = 'd'; end $$",
        ),
      ],
      1,
    ],
  ],
  'COPY out': [[[query('copy (select g, null, chr(9) || g from generate_series(1,3) g) to stdout')], 1]],
  'COPY out in CSV with a header': [
    [[query(`copy (select g as "a,b", 'x"y' as c from generate_series(1,3) g) to stdout csv header`)], 1],
  ],
  'COPY out in binary': [
    [[query('copy (select g from generate_series(1,3) g) to stdout (format binary)')], 1],
  ],
  'COPY out in the extended protocol': [
    [[parse('', 'copy (select 1) to stdout'), bind('', ''), ask('P', ''), execute(''), sync()], 1],
  ],
  'COPY in': [
    [[query('create temp table cp (a int, b text)')], 1],
    [[query('copy cp from stdin'), copyData('1\tone\n2\ttw'), copyData('o\n'), copyDone()], 1],
    [[query('select * from cp')], 1],
  ],
  'COPY in that the client gives up': [
    [[query('create temp table cp2 (a int)')], 1],
    [[query('copy cp2 from stdin'), copyData('1\n'), copyFail('enough')], 1],
  ],
  'COPY in with bad data': [
    [[query('create temp table cp3 (a int)')], 1],
    [[query('copy cp3 from stdin'), copyData('one\n'), copyDone()], 1],
    [[query('select 1')], 1],
  ],
  'COPY in by the extended protocol, sync sent before and after the data': [
    [[query('create temp table cp4 (a int)')], 1],
    [
      [
        parse('', 'copy cp4 from stdin'),
        bind('', ''),
        execute(''),
        sync(),
        copyData('7\n'),
        copyDone(),
        sync(),
      ],
      1,
    ],
    [[query('select * from cp4')], 1],
  ],
  'COPY data nobody asked for': [[[copyData('x'), copyDone(), query('select 1')], 1]],
  'SQL-level prepare and execute': [
    [[query('prepare q as select 7 as seven')], 1],
    [[query('execute q')], 1],
    [[query('deallocate q')], 1],
  ],
  'cursors in SQL': [
    [[query('begin; declare c cursor for select g from generate_series(1,3) g')], 1],
    [[query('fetch 2 from c')], 1],
    [[query('move 1 in c; close c; commit')], 1],
  ],
  'INSERT with a rule that also selects': [
    [
      [
        query(
          'create temp table ruled (a int); create rule r as on insert to ruled do also select 42 as also',
        ),
      ],
      1,
    ],
    [[query('insert into ruled values (1)')], 1],
  ],
  'LISTEN and NOTIFY to itself': [
    [[query('listen ch')], 1],
    [[query("select pg_notify('ch', 'hello')")], 1],
    [[query('unlisten *')], 1],
  ],
  'a changed parameter': [
    [[query("set datestyle to 'German'")], 1],
    [[query("select date '2020-01-02'")], 1],
    [[query('reset datestyle')], 1],
  ],
};

/** Process ids and names of temporary schemas differ from connection to connection. */
function comparable(line: string): string {
  if (line.startsWith('A ')) return line.replace(/^A .*?ch/, 'A ch');
  // Where a name is not known, the proxy says so itself, without the server's source line.
  if (/C(26000|34000)/.test(line)) return line.replace(/\\0F[^\\]*\\0L[^\\]*\\0R[^\\]*/, '');
  return line.replace(/pg_temp_\d+/, 'pg_temp');
}

describe.each([15, 18] as const)('PostgreSQL %i through the proxy', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('message for message', () => {
    let server: PostgresPeer;
    let session: ServedSession;
    let direct: string;
    beforeAll(async () => {
      server = await startPostgres({ version });
      session = await serveSession(server);
      const { user, password } = server.superuser;
      direct = `postgres://${user}:${password}@127.0.0.1:${server.port}/postgres`;
    });
    afterAll(async () => {
      await session?.stop();
      await server?.stop();
    });

    it.each(Object.keys(CONVERSATIONS))('answers %s as the server itself does', async (name) => {
      const answers: string[][] = [];
      for (const url of [direct, session.url]) {
        const client = await raw(url);
        const lines: string[] = [];
        for (const [messages, ready] of CONVERSATIONS[name] ?? []) {
          client.send(...messages);
          lines.push(...(await client.ready(ready)).map(comparable));
        }
        client.close();
        answers.push(lines);
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(session.failures).toEqual([]);
    });

    it('answers the same when the client’s bytes come one at a time', async () => {
      const messages = Buffer.concat([
        parse('', 'select $1::text as t'),
        bind('', '', ['x']),
        ask('P', ''),
        execute(''),
        sync(),
        query('select 2'),
      ]);
      const client = await raw(session.url);
      client.socket.setNoDelay(true);
      for (const byte of messages) {
        client.send(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const slow = await client.ready(2);
      client.send(messages);
      expect(await client.ready(2)).toEqual(slow);
      client.close();
    });
  });
});
