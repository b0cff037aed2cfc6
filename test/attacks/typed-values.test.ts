// Values that a person or a program types into statements: under the name of a column they reach the target as they are, and the bundle not at all.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type Attacked, attack } from './session.ts';

const WORD = 'Correct Horse 7';
const NOTE = 'needs dialysis twice a week';
const PESEL = '44051401458';

const SCHEMA = `
create table accounts (id int primary key, login text, password text, pesel text, note text);
create function set_password(who int, password text) returns void language sql as $$ update accounts set password = $2 where id = $1 $$;
`;

interface Typed {
  readonly sql: string;
  readonly values?: readonly unknown[];
}

/** Each leaves a row with the word, the note and the number, or finds it. */
const WRITES: readonly Typed[] = [
  {
    sql: `insert into accounts (id, login, password, pesel, note) values (1, 'a', '${WORD}', '${PESEL}', '${NOTE}')`,
  },
  {
    sql: `insert into accounts values (2, 'b', '${WORD}', '${PESEL}', '${NOTE}'), (3, 'c', $$${WORD}$$, E'${PESEL}', $n$${NOTE}$n$)`,
  },
  { sql: `insert into accounts select 4, 'd', '${WORD}', '${PESEL}', '${NOTE}'` },
  {
    sql: 'insert into accounts (note, pesel, password, login, id) values ($1, $2, $3, $4, $5)',
    values: [NOTE, PESEL, WORD, 'e', 5],
  },
  {
    sql: 'insert into accounts values ($1, $2, $3, $4, $5)',
    values: [6, 'f', Buffer.from(WORD), PESEL, Buffer.from(NOTE)],
  },
  { sql: `update accounts set password = '${WORD.slice(0, 7)}'\n 'x' where id = 1` },
  { sql: `update accounts set (password, note) = ('${WORD}', '${NOTE}') where id = 1` },
  {
    sql: 'update accounts set password = $1::text, note = coalesce($2, note) where id = 1',
    values: [WORD, NOTE],
  },
  { sql: `update accounts set password = 'é' || '${WORD}' where password = '${WORD}'` },
  { sql: `update accounts set password = '${WORD}' where password like '%${WORD}' or '${NOTE}' = note` },
  {
    sql: `merge into accounts a using (select 7 as id) s on a.id = s.id when matched then update set note = '${NOTE}' when not matched then insert (id, password, note) values (7, '${WORD}', '${NOTE}')`,
  },
  {
    sql: `insert into accounts (id, password) values (7, '${WORD}') on conflict (id) do update set password = '${WORD}', note = '${NOTE}'`,
  },
  { sql: `select set_password(who => 7, password => '${WORD}')` },
  {
    sql: `with w as (update accounts set note = '${NOTE}' where pesel in ('${PESEL}', 'x') returning id) select count(*) from w`,
  },
  {
    sql: `select 1 where '{"password": "x"}'::jsonb->>'password' = '${WORD}' or (null::jsonb #>> '{a,password}') = '${WORD}'`,
  },
  {
    sql: `select id from accounts where (id, password) = (1, '${WORD}') or '${NOTE}' = any(array[note]) or password = ('${WORD.slice(0, 7)}' || '${WORD}')`,
  },
  { sql: `prepare p(int, text, text) as update accounts set password = $2, note = $3 where id = $1` },
  { sql: `execute p(7, '${WORD}', '${NOTE}'::text)` },
  { sql: `update accounts set password = U&'${WORD}', note = N'${NOTE}' where id between 1 and 3` },
];

const READS: readonly Typed[] = [
  {
    sql: `select id from accounts where password = '${WORD}' and lower(note) = lower('${NOTE}') and pesel = '${PESEL}'`,
  },
  {
    sql: 'select id from accounts where password = $1 and note = any($2) and pesel in ($3, $4)',
    values: [WORD, [NOTE], PESEL, 'x'],
  },
  { sql: `declare c cursor with hold for select id from accounts where note = '${NOTE}'` },
  { sql: `explain select id from accounts where password = '${WORD}' and note = '${NOTE}'` },
  { sql: `select '${WORD}' as password, '${NOTE}' as note` },
];

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('typed values', () => {
    let server: PostgresPeer;
    let session: Attacked;
    let client: pg.Client;

    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.query('create database typed');
      await server.query(SCHEMA, 'typed');
      session = await attack(server, {
        policy:
          '@id("all") permit (principal in Group::"developers", action, resource);\n@id("no-reveal") forbid (principal, action == Action::"reveal", resource);',
        account: server.superuser,
        detectors: 'on',
        connection: {
          database: 'typed',
          masking: { columns: { 'public.accounts.note': 'health' }, strategies: {}, onUnknown: 'mask' },
        },
      });
      client = new pg.Client({ connectionString: session.url });
      client.on('error', () => {});
      await client.connect();
    }, 120_000);
    afterAll(async () => {
      await client?.end().catch(() => {});
      await session?.stop();
      await server?.stop();
    });

    it.each(WRITES)('reach the target as they are: $sql', async ({ sql, values }) => {
      const before = session.recorded();
      await client.query(sql, values ? [...values] : undefined);
      const recorded = session.recorded().slice(before.length);
      for (const value of [WORD, NOTE, PESEL, WORD.slice(0, 7)]) expect(recorded).not.toContain(value);
    });

    it('are all there', async () => {
      const rows = await server.query('select id, password, pesel, note from accounts order by id', 'typed');
      expect(rows.map((row) => (row as { id: number }).id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(rows[6]).toMatchObject({ password: WORD, note: NOTE });
      expect(rows[3]).toMatchObject({ pesel: PESEL, note: NOTE });
    });

    it.each(READS)('are asked for as they are: $sql', async ({ sql, values }) => {
      const before = session.recorded();
      const { rows } = await client.query(sql, values ? [...values] : undefined);
      if (sql.startsWith('select id')) expect(rows.length).toBeGreaterThan(0);
      const recorded = session.recorded().slice(before.length);
      for (const value of [WORD, NOTE, PESEL]) expect(recorded).not.toContain(value);
    });

    it('are in no bundle', async () => {
      await client.end();
      expect(session.failures).toEqual([]);
      const bundle = await session.sealed();
      for (const value of [
        WORD,
        NOTE,
        PESEL,
        Buffer.from(WORD).toString('hex'),
        Buffer.from(NOTE).toString('base64'),
      ])
        expect(bundle).not.toContain(value);
      expect(bundle).toContain("'[password]'");
      expect(bundle).toContain("'[health]'");
    });
  });
});
