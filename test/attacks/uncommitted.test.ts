// What a transaction defined and did not commit is seen as it sees it: its own tables are read plainly, protected ones never.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { errorOf, type Raw, say } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

const { parse, bind, execute, sync } = say;
const OWNED = `alter table customers owner to dev; alter table orders owner to dev;
create table plain (id int, card text); insert into plain values (1, 'mine'); alter table plain owner to dev;
create view names as select id, name from customers; alter view names owner to dev`;

/** Texts of one transaction, and a value that the last of them must show. */
const SEEN: readonly (readonly [texts: readonly string[], shown: string])[] = [
  [
    ['create table fresh (a text)', "insert into fresh values ('fresh value')", "select a || '' from fresh"],
    'fresh value',
  ],
  [
    ['alter table orders rename column item to thing', "select upper(thing) || '' from orders where id = 1"],
    'ITEM 1',
  ],
  [['alter table orders rename to bought', "select upper(item) || '' from bought where id = 1"], 'ITEM 1'],
  [
    [
      'create view seen as select upper(item) as u from orders',
      "select u || '' from seen where u = 'ITEM 7'",
    ],
    'ITEM 7',
  ],
  [
    [
      'create table copied as select item from orders',
      "select string_agg(item, ',' order by item) from copied",
    ],
    'item 100',
  ],
  [
    [
      'create schema own',
      "create table own.t (a text default 'dflt')",
      'insert into own.t default values',
      'select lower(a) from own.t',
    ],
    'dflt',
  ],
  [
    [
      'savepoint a',
      'create table half (a text)',
      'rollback to a',
      'create table half (b text)',
      "insert into half values ('second')",
      "select b || '' from half",
    ],
    'second',
  ],
  [
    [
      "create type mood as enum ('sad')",
      'create table felt (m mood)',
      "insert into felt values ('sad')",
      "select m::text || '!' from felt",
    ],
    'sad!',
  ],
  [
    ['create temp table kept (a text)', "insert into kept values ('kept')", 'select upper(a) from kept'],
    'KEPT',
  ],
];

/** Nothing of these may show a card or an address, whatever else happens. */
const HIDDEN: readonly (readonly string[])[] = [
  [
    'alter table customers rename column name to called',
    "select called || '', card || '', email || '' from customers",
  ],
  ['create table c (like customers)', 'insert into c select * from customers', "select card || '' from c"],
  ['create table c as select * from customers', "select card || '' from c"],
  ['create view v as select card as item from customers', "select item || '' from v"],
  [
    'alter table plain rename to other',
    'alter table customers rename to plain',
    "select card || '' from plain",
  ],
  ['drop table plain', 'create view plain as select id, card from customers', "select card || '' from plain"],
  [
    'drop view names',
    'create view names as select id, card as name from customers',
    "select name || '' from names",
  ],
  [
    'create or replace view names as select id, card::text as name from customers',
    "select name || '' from names",
  ],
  ['create table kids () inherits (customers)', "select card || '' from kids", 'copy kids to stdout'],
  [
    'alter table customers add column twin text generated always as (card) stored',
    "select twin || '' from customers",
  ],
  [
    'alter table customers add column twin text',
    'update customers set twin = card',
    "select twin || '' from customers",
  ],
  [
    "create function f(i int) returns text language sql as 'select card::text from customers where id = i'",
    'select f(1)',
  ],
  ['create rule r as on update to plain do instead select card from customers', "update plain set card = ''"],
  [
    'create temp table customers (card text)',
    "select card || '' from public.customers",
    "select card || '' from customers",
  ],
  ['create schema own', 'set local search_path = own, public', "select card || '' from customers"],
  [
    'create table x (a text)',
    'copy customers (card) to stdout',
    "with q as (select card || '' as a from customers) select a from q",
  ],
];

describe.each([15, 18] as const)('an open transaction on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    let session: Attacked;
    let client: Raw;
    beforeAll(async () => {
      server = await startPostgres({ version });
      await openShop(server);
      await server.query(`${OWNED}; grant create on database shop to dev`, 'shop');
    });
    afterAll(() => server?.stop());
    beforeEach(async () => {
      session = await attack(server, {
        policy: '@id("all") permit (principal, action, resource) unless { action == Action::"reveal" };',
      });
      client = await session.client();
      await session.query(client, 'begin');
    });
    afterEach(() => session?.stop());

    it.each(SEEN)('sees what it defined: %j', async (texts, shown) => {
      let lines: string[] = [];
      for (const text of texts) lines = await session.query(client, text);
      expect(lines.join()).toContain(shown);
      client.send(parse('', texts.at(-1) ?? ''), bind('', ''), execute(''), sync());
      expect((await client.ready()).join()).toContain(shown);
      await session.query(client, 'rollback');
      expect(session.failures).toEqual([]);
      expect(leaked([session.recorded()])).toEqual([]);
    });

    it.each(HIDDEN)('is shown nothing protected: %s; %s', async (...texts) => {
      const lines: string[] = [];
      for (const text of texts) {
        lines.push(...(await session.query(client, 'savepoint before')));
        const said = await session.query(client, text);
        lines.push(...said);
        if (errorOf(said).size > 0) lines.push(...(await session.query(client, 'rollback to before')));
        client.send(parse('', text), bind('', ''), execute(''), sync());
        lines.push(...(await client.ready()));
        lines.push(...(await session.query(client, 'rollback to before')));
        lines.push(...(await session.query(client, text)));
      }
      lines.push(...(await session.query(client, 'rollback')));
      expect(leaked([...lines, session.recorded()])).toEqual([]);
      expect(session.failures).toEqual([]);
    });

    it('believes no statement that was prepared under definitions that are gone', async () => {
      await session.query(client, 'create table shown (v text)');
      client.send(parse('s', "select v || '' from shown"), sync());
      await client.ready();
      await session.query(client, 'rollback');
      await server.query('create table shown (v text); insert into shown select card from customers', 'shop');
      const tagged = await attack(server, {
        policy: '@id("all") permit (principal, action, resource) unless { action == Action::"reveal" };',
        connection: {
          masking: {
            columns: { 'public.shown.v': 'payment-card' },
            strategies: {},
            onUnknown: 'mask',
            detectors: [],
          },
        },
      });
      try {
        const other = await tagged.client();
        await tagged.query(other, 'begin');
        await tagged.query(other, 'alter table plain rename column card to c');
        other.send(parse('s', "select c || '' from plain"), bind('', 's'), execute(''), sync());
        expect((await other.ready()).join()).toContain('mine');
        await tagged.query(other, 'rollback');
        other.send(bind('', 's'), execute(''), sync());
        expect(leaked(await other.ready())).toEqual([]);
        expect(leaked(await tagged.query(other, "select v || '' from shown"))).toEqual([]);
      } finally {
        await tagged.stop();
        await server.query('drop table shown', 'shop');
      }
    });

    it('leaves the transaction as it was: settings, snapshot, savepoints, cursors and unnamed statements', async () => {
      await session.query(client, 'rollback');
      await session.query(client, 'begin isolation level repeatable read');
      await session.query(client, "set local lock_timeout = '77s'");
      await session.query(client, 'declare c cursor for select generate_series(1, 3) as n');
      await session.query(client, 'savepoint mine');
      await session.query(client, 'create table fresh (a text)');
      client.send(parse('', "select 'unnamed'"), sync());
      await client.ready();
      expect(errorOf(await session.query(client, "select a || '' from fresh")).size).toBe(0);
      const settings =
        "select current_setting('search_path'), current_setting('lock_timeout'), current_setting('jit')";
      expect((await session.query(client, settings)).join()).toMatch(/"\$user", public.*77s.*on/);
      expect((await session.query(client, 'fetch 1 from c')).join()).toContain('D \\0\\1\\0\\0\\0\\11');
      expect(errorOf(await session.query(client, 'rollback to mine')).size).toBe(0);
      expect(errorOf(await session.query(client, 'commit')).size).toBe(0);
    });
  });
});
