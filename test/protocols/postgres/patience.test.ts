// Time-outs of every kind while people are asked about a statement: what the client is told, what the server thinks, what runs.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTime } from '../../../src/protocols/postgres/patience.ts';
import { type ServedSession, serveSession } from '../../fakes/session.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { errorOf, type Raw, raw, say } from './raw.ts';

const { query, parse, bind, execute, sync, flush, describe: ask } = say;

const FAILS_LATE = "do $$ begin perform pg_sleep(0.3); raise 'late'; end $$";
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const types = (lines: readonly string[]) =>
  lines
    .map((line) => line[0])
    .join('')
    .replaceAll('N', '');

describe('a time as the server shows it', () => {
  it.each([
    ['0', undefined],
    ['1500ms', 1_500],
    ['2s', 2_000],
    ['3min', 180_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['nonsense', undefined],
  ])('%s', (shown, milliseconds) => expect(readTime(shown)).toBe(milliseconds));
});

describe.each([15, 18] as const)('a statement that people are asked about, on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    let session: ServedSession;
    const open: Raw[] = [];
    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.query('create table t (a int)');
    });
    afterAll(async () => {
      for (const client of open) client.close();
      await session?.stop();
      await server?.stop();
    });
    beforeEach(async () => {
      await session?.stop();
      session = await serveSession(server);
      await server.query('truncate t');
    });

    async function connect(...settings: string[]): Promise<Raw> {
      const client = await raw(session.url);
      open.push(client);
      for (const setting of settings) {
        client.send(query(setting));
        await client.ready();
      }
      return client;
    }

    const held = () => expect.poll(() => session.pipeline.waiting.length, { timeout: 20_000 }).toBe(1);
    const rows = async () => (await server.query('select a from t order by a')).map(({ a }) => a);

    it.each([
      ['set', "set statement_timeout = '600ms'"],
      ['set in its transaction only', "begin; set local statement_timeout = '600ms'"],
      ['set by a function', "select set_config('statement_timeout', '600', false)"],
    ])('is cancelled by the time-out of its client: %s', async (_, setting) => {
      const client = await connect(setting);
      client.send(query('insert into t values (1) -- hold_me'));
      const lines = await client.ready();
      expect(types(lines)).toBe('EZ');
      expect(errorOf(lines).get('C')).toBe('57014');
      expect(errorOf(lines).get('M')).toBe('canceling statement due to statement timeout');
      expect(errorOf(lines).get('H')).toContain('statement_timeout');
      expect(lines.at(-1)).toBe(setting.startsWith('begin') ? 'Z E' : 'Z I');
      client.send(query('rollback'), query('select 1'));
      expect(types(await client.ready(2))).toMatch(/Z.*TDCZ$/);
      expect(await rows()).toEqual([]);
    });

    it('is cancelled by the time-out of its role, and by one given when its client connected', async () => {
      const { user } = server.superuser;
      await server.query(`alter role ${user} set statement_timeout = '600ms'`);
      try {
        const client = await connect();
        client.send(query("select 'hold_me'"));
        expect(errorOf(await client.ready()).get('C')).toBe('57014');
      } finally {
        await server.query(`alter role ${user} reset statement_timeout`);
      }
      const client = await raw(`${session.url}?options=-c%20statement_timeout%3D600`);
      open.push(client);
      client.send(query("select 'hold_me'"));
      expect(errorOf(await client.ready()).get('C')).toBe('57014');
    });

    it('is cancelled once in the extended protocol, and what follows is dropped until Sync', async () => {
      const client = await connect("set statement_timeout = '600ms'");
      client.send(parse('', 'insert into t values (1) -- hold_me'), bind('', ''), execute(''));
      client.send(parse('', 'insert into t values (2)'), bind('', ''), execute(''), sync());
      const lines = await client.ready();
      expect(types(lines)).toBe('1EZ');
      expect(errorOf(lines).get('H')).toContain('statement_timeout');
      client.send(query('select 1'));
      expect(types(await client.ready())).toBe('TDCZ');
      expect(await rows()).toEqual([]);
    });

    it('is cancelled by no clock of the server that ran while it waited', async () => {
      const client = await connect("set statement_timeout = '6s'");
      client.send(parse('s', 'insert into t values ($1) -- hold_me'), ask('S', 's'), bind('', 's', ['7']));
      client.send(execute(''), sync());
      await held();
      await later(3_500);
      session.pipeline.answer(true);
      client.send(parse('', 'select pg_sleep(3.5)'), bind('', ''), execute(''), sync());
      expect(types(await client.ready(2))).toBe('1tn2CZ12DCZ');
      expect(await rows()).toEqual([7]);
    });

    it('keeps a session whose idleness the server does not bear', async () => {
      const settings = ["set idle_in_transaction_session_timeout = '2s'", "set idle_session_timeout = '2s'"];
      const client = await connect(...settings, 'begin');
      client.send(parse('', 'insert into t values (1) -- hold_me'), bind('', ''), execute(''), sync());
      await held();
      await later(4_000);
      session.pipeline.answer(true);
      expect(types(await client.ready())).toBe('12CZ');
      client.send(query('insert into t values (2) -- hold_me'));
      await held();
      await later(3_000);
      session.pipeline.answer(true);
      client.send(query('commit'));
      expect(types(await client.ready(2))).toBe('CZCZ');
      const idle = await connect(settings[1] ?? '');
      idle.send(query('insert into t values (3) -- hold_me'));
      await held();
      await later(3_000);
      session.pipeline.answer(true);
      expect(types(await idle.ready())).toBe('CZ');
      expect(await rows()).toEqual([1, 2, 3]);
    });

    it('takes no snapshot before it runs', async () => {
      const client = await connect('begin isolation level repeatable read');
      client.send(query('select a from t -- hold_me'));
      await held();
      await later(600);
      await server.query('insert into t values (42)');
      session.pipeline.answer(true);
      expect(await client.ready()).toContain('D \\0\\1\\0\\0\\0\\242');
    });

    it('is cancelled in a pipeline that ran something, and nothing of that stays', async () => {
      const client = await connect("set statement_timeout = '600ms'");
      client.send(parse('', 'insert into t values (1)'), bind('', ''), execute(''));
      client.send(parse('', 'insert into t values (2) -- hold_me'), bind('', ''), execute(''));
      client.send(parse('', 'insert into t values (3)'), bind('', ''), execute(''), sync());
      const lines = await client.ready();
      expect(types(lines)).toBe('12C1EZ');
      expect(errorOf(lines).get('C')).toBe('57014');
      expect(lines.at(-1)).toBe('Z I');
      client.send(query('select 1'));
      expect(types(await client.ready())).toBe('TDCZ');
      expect(await rows()).toEqual([]);
    });

    it('waits in a pipeline that ran something, which is committed by nobody but its client', async () => {
      const client = await connect();
      client.send(parse('', 'insert into t values (1)'), bind('', ''), execute(''), flush());
      client.send(parse('', 'insert into t values (2) -- hold_me'), bind('', ''), execute(''), sync());
      await held();
      await later(700);
      expect(await rows()).toEqual([]);
      session.pipeline.answer(true);
      expect(types(await client.ready())).toBe('12C12CZ');
      expect(await rows()).toEqual([1, 2]);
    });

    it('is not asked about any longer when what went before it failed', async () => {
      const client = await connect();
      client.send(parse('', FAILS_LATE), bind('', ''), execute(''));
      client.send(parse('', 'insert into t values (2) -- hold_me'), bind('', ''), execute(''), sync());
      await held();
      expect(types(await client.ready())).toBe('12EZ');
      expect(session.pipeline.of('withdrawn')).toHaveLength(1);
      const other = await connect('begin');
      other.send(query(FAILS_LATE), query('insert into t values (2) -- hold_me'));
      const lines = await other.ready(2);
      expect(types(lines)).toMatch(/EZEZ$/);
      expect(errorOf(lines.slice(lines.findIndex((line) => line.startsWith('Z')))).get('C')).toBe('25P02');
      expect(lines.at(-1)).toBe('Z E');
      expect(session.pipeline.of('withdrawn')).toHaveLength(2);
      expect(await rows()).toEqual([]);
    });

    it('is never run as what its name meant before', async () => {
      const client = await connect();
      client.send(parse('s', 'insert into t values (1)'), sync());
      await client.ready();
      session.pipeline.prompt = true;
      client.send(parse('s', 'insert into t values (2) -- hold_me'), bind('', 's'), execute(''), sync());
      const lines = await client.ready();
      expect(types(lines)).toBe('EZ');
      expect(errorOf(lines).get('C')).toBe('42P05');
      expect(await rows()).toEqual([]);
    });

    it('lets notifications by, and portals that were left half way go on', async () => {
      const client = await connect('listen news', 'begin');
      client.send(
        parse('', 'select generate_series(1, 4) as n'),
        bind('half', ''),
        execute('half', 2),
        sync(),
      );
      expect(types(await client.ready())).toBe('12DDsZ');
      client.send(query('insert into t values (1) -- hold_me'));
      await held();
      await later(600);
      session.pipeline.answer(true);
      await client.ready();
      client.send(execute('half'), sync(), query('commit'));
      expect(types(await client.ready(2))).toBe('DDCZCZ');
      client.send(query('insert into t values (2) -- hold_me'));
      await held();
      await server.query("notify news, 'extra'");
      await client.until('A');
      session.pipeline.answer(true);
      expect(types(await client.ready())).toContain('CZ');
    });

    it.runIf(version >= 17)('tells the client when the server ends its transaction', async () => {
      const client = await connect("set transaction_timeout = '800ms'", 'begin');
      client.send(query('insert into t values (1) -- hold_me'));
      const lines = await client.closed();
      expect(errorOf(lines).get('C')).toBe('25P04');
      expect(await rows()).toEqual([]);
    });
  });
});
