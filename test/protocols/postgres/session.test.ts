// Refusals, holds, cancels, masking and the end of things, over the wire and against a real server.
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServedSession, serveSession } from '../../fakes/session.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { errorOf, type Raw, raw, say } from './raw.ts';

const { query, parse, bind, describe: ask, execute, close, sync, flush, call } = say;

async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe('a conversation with PostgreSQL', () => {
  let server: PostgresPeer;
  let session: ServedSession;
  const open: Raw[] = [];
  const client = async () => {
    const made = await raw(session.url);
    open.push(made);
    return made;
  };
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await server.query(
      "create table people (id int, secret text, note text); insert into people values (1, 'topsecret', 'a'), (2, null, 'b')",
    );
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await serveSession(server);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.close();
    await session.stop();
  });

  describe('when a statement is refused', () => {
    it('words the refusal with severity, SQLSTATE, policy and hint, and goes on', async () => {
      const c = await client();
      c.send(query('select refuse_me'));
      const lines = await c.ready();
      const error = errorOf(lines);
      expect([...error.keys()].join('')).toBe('SVCMDHR');
      expect([error.get('S'), error.get('V'), error.get('C'), error.get('D')]).toEqual([
        'ERROR',
        'ERROR',
        '42501',
        'policy: fake',
      ]);
      expect(lines.at(-1)).toBe('Z I');
      c.send(query('select 1'));
      expect(await c.ready()).toContain('C SELECT 1\\0');
    });

    it('fails the transaction at the server too', async () => {
      const c = await client();
      c.send(query('begin; create table should_not_stay (a int)'));
      await c.ready();
      c.send(query('select refuse_me'));
      expect((await c.ready()).at(-1)).toBe('Z E');
      c.send(query('select 1'));
      expect(errorOf(await c.ready()).get('C')).toBe('25P02');
      c.send(query('commit'));
      expect(await c.ready()).toEqual(['C ROLLBACK\\0', 'Z I']);
      expect(await server.query("select to_regclass('should_not_stay') as t")).toEqual([{ t: null }]);
    });

    it('undoes the earlier statements of the same pipeline and skips the later ones', async () => {
      await server.query('create table if not exists pipeline (a int); truncate pipeline');
      const c = await client();
      const insert = (value: string) => [
        parse('', `insert into pipeline values (${value})`),
        bind('', ''),
        execute(''),
      ];
      c.send(
        ...insert('1'),
        parse('', 'select refuse_me'),
        bind('', ''),
        execute(''),
        ...insert('2'),
        sync(),
      );
      c.send(...insert('3'), sync());
      const lines = await c.ready(2);
      expect(lines.map((line) => line[0]).join('')).toBe('12CEZ12CZ');
      expect(errorOf(lines).get('C')).toBe('42501');
      expect(await server.query('select a from pipeline')).toEqual([{ a: 3 }]);
      expect(session.pipeline.of('statement').map(({ text }) => text)).not.toContain(
        'insert into pipeline values (2)',
      );
    });

    it('answers a refusal at once when the client only flushes', async () => {
      const c = await client();
      c.send(parse('s', 'select refuse_me'), ask('S', 's'), flush());
      expect(errorOf(await c.until('E')).get('C')).toBe('42501');
      c.send(sync());
      expect(await c.ready()).toEqual(['Z I']);
    });

    it('lets an earlier error of the same pipeline win', async () => {
      const c = await client();
      c.send(parse('', 'select 1/0'), bind('', ''), execute(''), parse('', 'select refuse_me'), sync());
      expect(errorOf(await c.ready()).get('C')).toBe('22012');
    });

    it('refuses a whole query when one of its statements is refused', async () => {
      const c = await client();
      c.send(query('create table half (a int); select refuse_me'));
      expect(errorOf(await c.ready()).get('C')).toBe('42501');
      expect(await server.query("select to_regclass('half') as t")).toEqual([{ t: null }]);
    });

    it('carries the calls of libpq’s large objects', async () => {
      const c = await client();
      const answer = async (...wanted: Parameters<typeof call>) => {
        c.send(call(...wanted));
        const lines = await c.ready();
        expect(lines.at(-1)).toMatch(/^Z [TE]$/);
        return lines.at(-2);
      };
      c.send(query('begin'));
      await c.ready();
      await answer(715, 4242);
      await answer(952, 4242, 0x60000);
      expect(await answer(955, 0, Buffer.from('large'))).toBe('V \\0\\0\\0\\4\\0\\0\\0\\5');
      await answer(956, 0, 0, 0);
      expect(await answer(954, 0, 100)).toBe('V \\0\\0\\0\\5large');
      expect(await answer(954, 9, 100)).toContain('C42704');
      expect(session.pipeline.of('statement').at(-1)?.text).toBe('select pg_catalog.loread($1, $2)');
    });

    it('refuses fast-path function calls', async () => {
      const c = await client();
      c.send(call(1299));
      const lines = await c.ready();
      expect(errorOf(lines).get('C')).toBe('0A000');
      expect(lines.at(-1)).toBe('Z I');
    });

    it('does not run what was allowed at Parse and is refused by the time it is bound', async () => {
      const c = await client();
      c.send(parse('later', 'select 1'), sync());
      await c.ready();
      const judge = session.pipeline.judge.bind(session.pipeline);
      session.pipeline.judge = (text) => {
        const judged = judge(text);
        return text === 'select 1'
          ? { ...judged, decision: { ...judged.decision, outcome: 'deny' } }
          : judged;
      };
      c.send(bind('', 'later'), execute(''), sync());
      const lines = await c.ready();
      expect(lines.map((line) => line[0]).join('')).toBe('EZ');
      expect(errorOf(lines).get('C')).toBe('42501');
    });

    it('does not let SQL-level statements in through the extended protocol', async () => {
      const c = await client();
      c.send(query('prepare hidden as select 1'));
      await c.ready();
      c.send(bind('', 'hidden'), execute(''), sync());
      expect(errorOf(await c.ready()).get('C')).toBe('26000');
    });

    it('does not take a name replaced in SQL for what it was', async () => {
      const c = await client();
      c.send(parse('shared', "select 'old'"), sync());
      await c.ready();
      c.send(query('deallocate shared'));
      await c.ready();
      c.send(query("prepare shared as select 'new'"));
      await c.ready();
      c.send(bind('', 'shared'), execute(''), sync());
      expect(errorOf(await c.ready()).get('C')).toBe('26000');
    });
  });

  describe('when a statement is held', () => {
    it('tells the client, keeps everything behind it in order, and goes on when approved', async () => {
      const c = await client();
      c.send(query("select 'hold_me' as held"), query('select 2 as behind'));
      expect((await c.until('N'))[0]).toContain('waiting for a person');
      expect(session.pipeline.of('statement').map(({ text }) => text)).toEqual(["select 'hold_me' as held"]);
      session.pipeline.answer(true);
      const lines = await c.ready(2);
      expect(lines.filter((line) => line.startsWith('D'))).toEqual([
        'D \\0\\1\\0\\0\\0\\7hold_me',
        'D \\0\\1\\0\\0\\0\\12',
      ]);
    });

    it('refuses in the protocol’s words when denied', async () => {
      const c = await client();
      c.send(parse('', "select 'hold_me'"), bind('', ''), execute(''), sync());
      await c.until('N');
      session.pipeline.answer(false);
      const lines = await c.ready();
      expect(errorOf(lines).get('C')).toBe('42501');
      expect(lines.at(-1)).toBe('Z I');
    });

    it('is withdrawn by a cancel request, and a late approval changes nothing', async () => {
      const c = new pg.Client({ connectionString: session.url });
      await c.connect();
      const running = c.query("select 'hold_me'").then(
        () => 'ran',
        (error: { code: string }) => error.code,
      );
      await eventually(() => expect(session.pipeline.waiting).toHaveLength(1));
      const { processID, secretKey } = c as unknown as { processID: number; secretKey: number };
      await cancel(session, processID, secretKey);
      expect(await running).toBe('57014');
      expect(session.pipeline.of('withdrawn')).toHaveLength(1);
      session.pipeline.answer(true);
      expect((await c.query('select 5 as n')).rows).toEqual([{ n: 5 }]);
      expect(session.pipeline.of('cancel')).toHaveLength(1);
      await c.end();
    });

    it('is withdrawn when the client leaves', async () => {
      const c = await client();
      c.send(query("select 'hold_me'"));
      await c.until('N');
      c.close();
      await eventually(() => expect(session.pipeline.of('withdrawn')).toHaveLength(1));
      await eventually(() => expect(session.pipeline.of('close')).toHaveLength(1));
    });

    it('stops reading from a client that sends too much behind it', async () => {
      const c = await client();
      c.send(query("select 'hold_me'"));
      await c.until('N');
      let count = 0;
      const behind = query(`select '${'x'.repeat(60_000)}'`);
      while (count < 400 && c.socket.writableLength < 4_000_000) {
        c.send(behind);
        count += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(c.socket.writableLength).toBeGreaterThan(1_000_000);
      session.pipeline.answer(true);
      const lines = await c.ready(count + 1);
      expect(lines.filter((line) => line.startsWith('C'))).toHaveLength(count + 1);
    });

    it('waits for a judgement that takes its time', async () => {
      session.pipeline.slowJudge = true;
      const c = await client();
      c.send(query('select 1'), parse('', 'select 2'), bind('', ''), execute(''), sync(), query('select 3'));
      const lines = await c.ready(3);
      expect(lines.filter((line) => line.startsWith('D'))).toEqual([
        'D \\0\\1\\0\\0\\0\\11',
        'D \\0\\1\\0\\0\\0\\12',
        'D \\0\\1\\0\\0\\0\\13',
      ]);
    });
  });

  describe('when values are masked', () => {
    const rows = (lines: string[]) => lines.filter((line) => line.startsWith('D'));
    const MASKED = ['D \\0\\2\\0\\0\\0\\11\\0\\0\\0\\8[masked]', 'D \\0\\2\\0\\0\\0\\12\\ff\\ff\\ff\\ff'];

    it('masks a simple query and counts and samples what it masked', async () => {
      const c = await client();
      c.send(query('select id, secret from people order by 1'));
      expect(rows(await c.ready())).toEqual(MASKED);
      expect(session.pipeline.of('row').map(({ text }) => text)).toEqual(['1|[masked]', '2|∅']);
      expect(session.pipeline.of('answer').map(({ detail }) => detail)).toEqual([
        { status: 'ok', tag: 'SELECT 2', rows: 2 },
      ]);
    });

    it('masks a statement described once and executed without describing the portal', async () => {
      const c = await client();
      c.send(parse('s', 'select id, secret from people order by 1'), ask('S', 's'), sync());
      await c.ready();
      for (let round = 0; round < 3; round++) {
        c.send(bind('', 's'), execute(''), sync());
        expect(rows(await c.ready())).toEqual(MASKED);
      }
      expect(session.pipeline.of('unknown columns')).toEqual([]);
    });

    it('masks a statement nobody described, and swallows its own description', async () => {
      const c = await client();
      c.send(parse('s', 'select id, secret from people order by 1'), bind('', 's'), execute(''), sync());
      const lines = await c.ready();
      expect(lines.map((line) => line[0]).join('')).toBe('12DDCZ');
      expect(rows(lines)).toEqual(MASKED);
      c.send(bind('', 's'), execute('', 1), execute('', 1), execute(''), sync());
      const limited = await c.ready();
      expect(limited.map((line) => line[0]).join('')).toBe('2DsDsCZ');
      expect(rows(limited)).toEqual(MASKED);
    });

    it('masks binary results, cursors, RETURNING and several statements in one query', async () => {
      const c = await client();
      c.send(
        parse('', 'select id::text, secret from people order by 1'),
        bind('', '', [], true),
        execute(''),
        sync(),
      );
      expect(rows(await c.ready()).join()).not.toContain('topsecret');
      c.send(
        query(
          'begin; declare c cursor for select secret from people; fetch all from c; commit; select secret from people',
        ),
      );
      const lines = await c.ready();
      expect(rows(lines)).toHaveLength(4);
      expect(lines.join()).not.toContain('topsecret');
      c.send(query("insert into people values (3, 'topsecret', 'c') returning secret"));
      expect(rows(await c.ready())).toEqual(['D \\0\\1\\0\\0\\0\\8[masked]']);
      await server.query('delete from people where id = 3');
    });

    it('forgets a description when the statement is judged anew', async () => {
      const c = await client();
      c.send(parse('s', 'select id, secret from people order by 1'), ask('S', 's'), sync());
      await c.ready();
      session.pipeline.generation += 1;
      c.send(bind('', 's'), execute(''), sync());
      const lines = await c.ready();
      expect(lines.map((line) => line[0]).join('')).toBe('2DDCZ');
      expect(rows(lines)).toEqual(MASKED);
    });

    it('cleans errors, notices, notifications and parameters', async () => {
      const c = await client();
      c.send(query("do $$ begin raise notice 'card 4111111111111111'; end $$"));
      expect((await c.ready())[0]).toContain('card [masked]');
      c.send(query("select '4111111111111111'::text::uuid"));
      expect(errorOf(await c.ready()).get('M')).toContain('[masked]');
      c.send(query('listen cards'));
      await c.ready();
      c.send(
        query(
          "select pg_notify('cards', '4111111111111111'), set_config('application_name', '4111111111111111', false)",
        ),
      );
      const lines = (await c.ready()).filter((line) => /^[AS]/.test(line));
      expect(lines).toHaveLength(2);
      expect(lines.join()).not.toContain('4111111111111111');
    });

    it('masks COPY out column by column', async () => {
      const c = await client();
      c.send(query('copy (select id, secret from people order by 1) to stdout'));
      expect((await c.ready()).filter((line) => line.startsWith('d'))).toEqual([
        'd 1\\9[masked]\\a',
        'd 2\\9\\N\\a',
      ]);
    });

    it('refuses a COPY it cannot mask and stops the server', async () => {
      const c = await client();
      c.send(query("copy (select 'uncopyable', g from generate_series(1, 50000000) g) to stdout"));
      const lines = await c.ready();
      expect(lines.map((line) => line[0]).join('')).toBe('EZ');
      expect(errorOf(lines).get('C')).toBe('0A000');
      c.send(query('select 1'));
      expect(await c.ready()).toContain('C SELECT 1\\0');
    });

    it('ends the conversation when the server starts to read texts differently', async () => {
      const c = await client();
      c.send(query("select set_config('client_encoding', 'latin1', false)"));
      expect(errorOf(await c.closed()).get('C')).toBe('0A000');
    });
  });

  describe('at its ends', () => {
    it('ends every conversation with a clear error when the session closes', async () => {
      const c = await client();
      c.send(query('select 1'));
      await c.ready();
      await session.serving.close('closed by its owner');
      const error = errorOf(await c.closed());
      expect([error.get('S'), error.get('C')]).toEqual(['FATAL', '57P01']);
    });

    it('lets nothing out in either direction once the recording fails', async () => {
      const c = await client();
      session.pipeline.broken = true;
      c.send(query('create table unrecorded (a int)'));
      expect(errorOf(await c.closed()).get('C')).toBe('53100');
      expect(await server.query("select to_regclass('unrecorded') as t")).toEqual([{ t: null }]);
      expect(session.failures.length).toBeGreaterThan(0);
    });

    it('passes on why the server ended a conversation', async () => {
      const c = await client();
      c.send(query('select pg_backend_pid()'));
      await c.ready();
      await server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'broker/%'",
      );
      expect(errorOf(await c.closed()).get('C')).toBe('57P01');
    });

    it('records how a statement ended although its client had gone', async () => {
      const c = await client();
      c.send(query('create table while_gone (a int)'), say.end());
      c.close();
      await eventually(() =>
        expect(session.pipeline.of('answer').map(({ detail }) => detail)).toEqual([
          { status: 'ok', tag: 'CREATE TABLE', rows: 0 },
        ]),
      );
      await server.query('drop table while_gone');
    });

    it('records a statement as lost when the server dies under it', async () => {
      const c = await client();
      c.send(query('select pg_sleep(30)'));
      await eventually(async () =>
        expect(
          await server.query(
            "select 1 from pg_stat_activity where query = 'select pg_sleep(30)' and state = 'active'",
          ),
        ).toHaveLength(1),
      );
      session.target.close();
      await session.serving.close('gone');
      expect(session.pipeline.of('answer').map(({ detail }) => detail)).toEqual([
        { status: 'lost', rows: 0 },
      ]);
    });

    it('leaves no server connection behind', async () => {
      const c = await client();
      c.send(query('select 1'));
      await c.ready();
      c.close();
      await eventually(async () =>
        expect(
          await server.query("select pid from pg_stat_activity where application_name like 'broker/%'"),
        ).toEqual([]),
      );
    });

    it.each([
      ['a length below four', Buffer.from([0x51, 0, 0, 0, 3])],
      ['a message it does not know', Buffer.from([0x01, 0, 0, 0, 4])],
      ['an oversized query', Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff, 0x20])],
      ['a negative length', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])],
      ['a parameter shorter than nothing', bindWith([0xff, 0xff, 0xff, 0xfe])],
      ['a parameter longer than its message', bindWith([0, 0, 0x10, 0])],
      ['a query that is not UTF-8', Buffer.from([0x51, 0, 0, 0, 6, 0xff, 0])],
      ['a query with a zero byte inside', Buffer.from([0x51, 0, 0, 0, 8, 0x3b, 0, 0x3b, 0])],
      ['a statement name that is not UTF-8', Buffer.from([0x50, 0, 0, 0, 9, 0xff, 0, 0, 0, 0])],
    ])('refuses %s cleanly', async (_, bytes) => {
      const c = await client();
      c.send(parse('', 'select $1::text'), sync());
      await c.ready();
      c.send(bytes);
      const error = errorOf(await c.closed());
      expect([error.get('S'), error.get('C')]).toEqual(['FATAL', '08P01']);
    });
  });

  it('waits for answers before it believes a name that an earlier group may have changed', async () => {
    const c = await client();
    c.send(parse('n', "select 'first'"), sync());
    await c.ready();
    c.send(close('S', 'n'), parse('n', "select 'second'"), sync(), bind('', 'n'), execute(''), sync());
    expect((await c.ready(2)).filter((line) => line.startsWith('D'))).toEqual(['D \\0\\1\\0\\0\\0\\6second']);
    expect(session.pipeline.of('statement').map(({ text }) => text)).toEqual(["select 'second'"]);
  });

  it('takes twenty thousand requests in one go', async () => {
    const c = await client();
    const one = Buffer.concat([bind('', 'many'), execute('')]);
    c.send(parse('many', 'select 1'), ...Array.from({ length: 20_000 }, () => one), sync());
    const lines = await c.ready();
    expect(lines.filter((line) => line.startsWith('C'))).toHaveLength(20_000);
  });
});

function bindWith(length: readonly number[]): Buffer {
  const body = Buffer.from([0, 0, 0, 0, 0, 1, ...length, 0, 0]);
  const head = Buffer.from([0x42, 0, 0, 0, body.length + 4]);
  return Buffer.concat([head, body]);
}

/** A CancelRequest, as libpq sends it. */
function cancel(session: ServedSession, pid: number, secret: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(session.endpoint.port, '127.0.0.1', () => {
      const bytes = Buffer.alloc(16);
      bytes.writeInt32BE(16, 0);
      bytes.writeInt32BE(80_877_102, 4);
      bytes.writeInt32BE(pid, 8);
      bytes.writeInt32BE(secret, 12);
      socket.write(bytes);
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
    socket.resume();
  });
}
