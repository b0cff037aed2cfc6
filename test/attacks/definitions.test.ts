// Definitions that would show protected values later or under another name, and what is not committed yet.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { errorOf, type Raw, say } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

const SCHEMA = `
create function get_card(i int) returns text language sql stable as 'select card from public.customers where id = i';
create function harmless(i int) returns text language sql stable as $$ select 'x'::text $$;
create table parent (id int, card varchar(19));
create table branches (id int, card varchar(19)) partition by list (id);
create domain plain as text;
create view names as select id, name from customers;
alter table customers owner to dev; alter table parent owner to dev; alter table branches owner to dev;
alter domain plain owner to dev; alter view names owner to dev;
alter function get_card(int) owner to dev; alter function harmless(int) owner to dev`;

/** Each would show cards by statements that do not mention them. */
const DEFINITIONS = [
  'create table t (a int, b text default get_card(1))',
  'create table t (a int check (get_card(a)::int > 0))',
  'create table t (a int, b text generated always as (get_card(a)) stored)',
  'create domain d as text default get_card(1)',
  'create domain d as text check (get_card(1)::int > 0)',
  'alter domain plain set default get_card(1)',
  'alter domain plain add check (get_card(1)::int > 0)',
  'alter table orders alter item set default get_card(1)',
  'alter table parent add check (get_card(id)::int > 0)',
  'create index on parent ((get_card(id)))',
  'alter function get_card(int) rename to harmless_too',
  'alter table customers inherit parent',
  'alter table branches attach partition customers for values in (1)',
];

describe('a definition that hides where its values come from', () => {
  let server: PostgresPeer;
  let session: Attacked;
  let client: Raw;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await openShop(server);
    await server.query(SCHEMA, 'shop');
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await attack(server);
    client = await session.client();
  });
  afterEach(() => session?.stop());

  it.each(DEFINITIONS)('needs leave to reveal: %s', async (definition) => {
    expect(errorOf(await session.query(client, definition)).get('R')).toBe('broker:policy-denied');
  });

  it('is let by when it reaches nothing protected', async () => {
    const lines = await session.query(
      client,
      `begin; create table t (a int check (harmless(a) = 'x'), b text default lower('Y'));
       alter function harmless(int) rename to harmless_too; create index on customers (lower(card)); rollback`,
    );
    expect(errorOf(lines)).toEqual(new Map());
  });

  it('does not block its own session while it is not committed', async () => {
    await session.query(client, 'begin');
    // A view stands on it: its definition cannot be put in words before the lock is gone.
    await session.query(client, 'alter table customers rename name to called');
    const lines = [
      ...(await session.query(client, "select called, card || '' from customers limit 2")),
      ...(await session.query(client, 'select * from names limit 2')),
      ...(await session.query(client, 'rollback')),
    ];
    expect(leaked(lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('C '))).toEqual([
      'C SELECT 2\\0',
      'C SELECT 2\\0',
      'C ROLLBACK\\0',
    ]);
    expect(session.failures).toEqual([]);
    client.send(say.query('select name from names limit 1'));
    expect((await client.ready()).join()).toContain('Customer');
  });
});
