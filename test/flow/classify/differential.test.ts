// The classifier against a real server: whatever it calls a read must leave no trace, and what changed must have been named.
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClassifyEnvironment, classify, loadGrammar } from '../../../src/flow/classify/index.ts';
import { ACTIONS } from '../../../src/model/action.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { Classification } from '../../../src/model/classification.ts';
import { loadCatalogue } from '../../../src/protocols/postgres/catalogue.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

const WORLD = `
create table customers (id int primary key, name text, email text, card text);
create table orders (id int primary key, customer_id int, total int, note text);
create sequence orders_id_seq;
insert into customers select i, 'n' || i, 'e' || i, '4' || i from generate_series(1, 20) i;
insert into orders select i, i, i, 'x' from generate_series(1, 20) i;
create schema audit;
create table audit.trail (id int, what text);
create table audit.orders (id int, at timestamptz, who text);
insert into audit.trail values (1, 'x');
create view customer_cards as select id, card from customers;
create type mood as enum ('happy', 'sad');
create domain positive as int check (value > 0);
create type address as (street text);
create table parts (id int) partition by range (id);
create table parts_low partition of parts for values from (0) to (100);
insert into parts values (1), (2);
create function wipe(anyelement) returns int language plpgsql as $$ begin delete from public.orders; return 1; end $$;
create function wipe_all(customers) returns int language plpgsql as $$ begin delete from public.orders; return 1; end $$;
create function lower(int) returns text language plpgsql as $$ begin delete from public.orders; return 'x'; end $$;
create function total_of(int) returns int language sql stable as 'select 1';
create procedure empty_orders() language sql as 'delete from public.orders';
create operator === (leftarg = int, rightarg = int, function = int4eq);
`;

/** Ways to carry a change inside something that looks like a read. */
const CARRIERS: readonly ((change: string) => string)[] = [
  (change) => change,
  (change) => `with x as (${change} returning *) select count(*) from x`,
  (change) => `with y as (select 1), x as (${change} returning *) select 1 from y`,
  (change) => `with x as (${change} returning *) table x`,
  (change) => `with x as (${change} returning *) insert into audit.trail select 1, 'x' from x`,
  (change) => `explain analyze ${change}`,
  (change) => `explain (costs off, analyze, timing off) ${change}`,
  (change) => `copy (${change} returning *) to stdout`,
  (change) => `create temp table t as with x as (${change} returning *) select * from x`,
  (change) => `select count(*) from query_to_xml('select 1', true, true, '') q, (select 1) z; ${change}`,
  (change) => `prepare p as ${change}; execute p`,
  (change) => `explain analyze with x as (${change} returning *) select * from x`,
];

const CHANGES = [
  'insert into orders (id) values (1000)',
  'insert into orders select id + 500, id, 1, card from customers',
  'update orders set total = 5 where id = 1',
  'update orders set total = 5',
  "update customer_cards set card = 'x' where id = 3",
  'delete from orders where id = 2',
  'delete from only orders',
  'delete from orders using customers where orders.id = customers.id',
  'delete from parts where id = 1',
  'delete from audit.trail',
];

/** Functions that write, wherever an expression may stand. */
const CALLS = ['wipe(1)', 'lower(1)::int', '(select wipe(1))'];
const PLACES: readonly ((call: string) => string)[] = [
  (call) => `select ${call}`,
  (call) => `select 1 where ${call} is not null`,
  (call) => `select id from customers order by ${call}`,
  (call) => `select id from customers limit ${call}`,
  (call) => `select id from customers offset ${call}`,
  (call) => `select count(*) from customers group by ${call}, id`,
  (call) => `select count(*) from customers having ${call} > 0`,
  (call) => `select sum(id) filter (where ${call} = 1) from customers`,
  (call) => `select sum(id) over (order by ${call}) from customers`,
  (call) => `select sum(id) over w from customers window w as (partition by ${call})`,
  (call) => `select case when ${call} = 1 then 1 end`,
  (call) => `select array[${call}]`,
  (call) => `select (array[1, 2])[${call}]`,
  (call) => `select row(${call})`,
  (call) => `select coalesce(null::int, ${call})`,
  (call) => `select greatest(${call}, 2)`,
  (call) => `select nullif(${call}, 2)`,
  (call) => `select 5 between ${call} and 9`,
  (call) => `select 5 in (1, ${call})`,
  (call) => `select 1 = any (array[${call}])`,
  (call) => `select (${call})::text`,
  (call) => `select xmlelement(name a, ${call})`,
  (call) => `select xmlforest(${call} as b)`,
  (call) => `values (${call})`,
  (call) => `select * from generate_series(1, ${call}) g`,
  (call) => `select * from rows from (generate_series(1, ${call})) g`,
  (call) => `select * from customers c join orders o on o.id = ${call}`,
  (call) => `select * from customers, lateral (select ${call}) x`,
  (call) => `select * from customers tablesample bernoulli (${call})`,
  (call) => `with x as materialized (select ${call}) select * from x`,
  (call) =>
    `with recursive x(n) as (select ${call} union all select n + 1 from x where n < 2) select * from x`,
  (call) => `select 1 union all select ${call}`,
  (call) => `select exists (select 1 where ${call} = 1)`,
  (call) => `select distinct on (${call}) id from customers`,
  (call) => `explain analyze select ${call}`,
  (call) => `copy (select ${call}) to stdout`,
  (call) => `select xmlconcat(xmlelement(name x, ${call}))`,
  (call) => `select to_jsonb(${call})`,
  (call) => `select string_agg(name, 'x' order by ${call}) from customers`,
];

const OTHERS = [
  'select wipe_all(c) from customers c limit 1',
  'select c.wipe_all from customers c limit 1',
  'select (c).wipe_all from customers c limit 1',
  'select (select c from customers c limit 1).wipe_all',
  'select public.customers.wipe_all from public.customers limit 1',
  "select nextval('orders_id_seq')",
  "select setval('orders_id_seq', 5)",
  "select ('orders_id_seq'::regclass).nextval",
  'select id, nextval(x) from customers, (select $$orders_id_seq$$::regclass as x) y limit 1',
  'select lo_create(0)',
  "select lo_from_bytea(0, 'x')",
  'select (0::oid).lo_create',
  'select * from orders for update',
  'select * from orders for key share',
  'select * from (select * from orders) o for update of o',
  'select pg_notify($$a$$, $$b$$)',
  'select * into temp t from orders',
  'select 1 as a into t',
  'call empty_orders()',
  'do $$ begin delete from public.orders; end $$',
  "select query_to_xml('delete from orders returning 1', true, true, '')",
  "select * from ts_stat('delete from orders returning to_tsvector(note)')",
  "select query_to_xml_and_xmlschema('with d as (delete from orders returning 1) select * from d', true, true, '')",
  'truncate orders',
  'drop view customer_cards',
  'create function f() returns int language sql as $$ select 1 $$',
  'comment on table orders is $$x$$',
  'grant select on orders to public',
  'analyze orders',
  'lock table orders',
  'refresh materialized view customer_cards',
  'declare c cursor for select * from orders for update; fetch 1 from c',
  'create temp view v as select * from orders; delete from v',
  'create rule r as on insert to audit.trail do also delete from orders; insert into audit.trail values (5)',
  "select set_config('my.x', 'y', false), txid_current()",
  'merge into orders o using customers c on o.id = c.id when matched then delete',
  'merge into orders o using customers c on o.id = c.id when matched and o.id = 3 then update set total = 1',
  "update pg_settings set setting = 'off' where name = 'enable_seqscan'",
  "select pg_logical_emit_message(true, 'a', 'b')",
];

function corpus(): readonly string[] {
  const folder = new URL('../../vectors/statements/', import.meta.url);
  const vectors = readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== 'catalogue.json')
    .flatMap(
      (name) =>
        (JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { cases: { sql: string }[] }).cases,
    )
    .map(({ sql }) => sql);
  const carried = CHANGES.flatMap((change) => CARRIERS.map((carrier) => carrier(change)));
  const called = CALLS.flatMap((call) => PLACES.map((place) => place(call)));
  return [...new Set([...carried, ...called, ...OTHERS, ...vectors])];
}

/** Would end the connection, reach outside, or run outside a transaction. */
const UNFIT =
  /^\s*(?:begin|start|commit|rollback|abort|end|savepoint|release|prepare transaction|copy .* (?:to|from) (?:program|')|copy .* from stdin|vacuum|cluster|alter system|create (?:database|tablespace|subscription)|drop (?:database|tablespace)|reindex (?:database|schema)|checkpoint|load|discard|alter table all|.*(?:concurrently|pg_terminate|pg_cancel|pg_promote|pg_rotate|pg_switch_wal|lo_export|lo_import|pg_stat_reset|; *commit|replication_slot|pg_reload|session_authorization|session authorization|pg_advisory|pg_try))/is;

interface Trace {
  /** What the server did under this transaction. */
  readonly failed: boolean;
  readonly wrote: boolean;
  /** Oid → what happened to the table's rows. */
  readonly tables: ReadonlyMap<number, { ins: number; upd: number; del: number }>;
}

const CHANGED = `select relid::int as oid, n_tup_ins as ins, n_tup_upd as upd, n_tup_del as del
  from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0`;

type Counts = { oid: number; ins: string; upd: string; del: string };

type Rows = Trace['tables'] extends ReadonlyMap<number, infer T> ? T : never;

async function countRows(client: pg.Client): Promise<Map<number, Rows>> {
  const rows = (await client.query(CHANGED)).rows as Counts[];
  return new Map(rows.map(({ oid, ins, upd, del }) => [oid, { ins: +ins, upd: +upd, del: +del }]));
}

function less(now: Rows, before: Rows | undefined): Rows {
  const { ins, upd, del } = before ?? { ins: 0, upd: 0, del: 0 };
  return { ins: now.ins - ins, upd: now.upd - upd, del: now.del - del };
}

async function run(client: pg.Client, sql: string): Promise<Trace> {
  await client.query('begin; set local statement_timeout = 5000');
  try {
    await client.query('savepoint before');
    // A savepoint may have cost an id already in older servers: only what comes later counts.
    const [before] = (await client.query('select pg_current_xact_id_if_assigned()::text as id')).rows;
    expect(before.id).toBeNull();
    // Counters of earlier transactions stay until the server reports them.
    const earlier = await countRows(client);
    await client.query(sql);
    const changed = [...(await countRows(client))].map(
      ([name, now]) => [name, less(now, earlier.get(name))] as const,
    );
    const [after] = (await client.query('select pg_current_xact_id_if_assigned()::text as id')).rows;
    return {
      failed: false,
      wrote: after.id !== null,
      tables: new Map(changed.filter(([, { ins, upd, del }]) => ins + upd + del > 0)),
    };
  } catch {
    return { failed: true, wrote: false, tables: new Map() };
  } finally {
    await client.query('rollback; deallocate all; reset all; reset role');
  }
}

const onlyReads = ({ units }: Classification): boolean =>
  units.every((unit) => unit.actions.every(({ action }) => ACTIONS[action] === 'read'));

/** Code nobody can look into excuses a change of any table. */
const opaque = ({ units }: Classification): boolean =>
  units.some((unit) =>
    unit.actions.some(({ action }) =>
      /^sql:(?:execute-function|call|do|unknown|create-function)$/.test(action),
    ),
  );

const KINDS = { ins: /insert|merge|copy-in|create/, upd: /update|merge/, del: /delete|merge|truncate/ };

function unnamed({ units }: Classification, { tables }: Trace, { relations }: Catalogue): string[] {
  const uses = units.flatMap((unit) => unit.actions);
  const missing: string[] = [];
  for (const [oid, counts] of tables) {
    const relation = relations.get(oid);
    // A table made by the statement itself, under whatever name.
    if (!relation) continue;
    const name = `${relation.schema}.${relation.name}`;
    for (const kind of ['ins', 'upd', 'del'] as const) {
      const found = uses.some(
        ({ action, resource }) => KINDS[kind].test(action) && resource.id === `db/${name}`,
      );
      // Rows of partitions change under their parent's name.
      if (counts[kind] > 0 && !found && !name.startsWith('public.parts')) missing.push(`${kind} ${name}`);
    }
  }
  return missing;
}

describe.each([15, 18] as const)('against PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('with a corpus of statements', () => {
    let server: PostgresPeer;
    let client: pg.Client;
    let catalogue: Catalogue;

    beforeAll(async () => {
      await loadGrammar();
      server = await startPostgres({ version });
      await server.query(WORLD);
      const { user, password } = server.superuser;
      client = new pg.Client({ host: server.host, port: server.port, user, password, database: 'postgres' });
      await client.connect();
      const query = async (sql: string): Promise<(string | null)[][]> => {
        const types = { getTypeParser: () => (value: string) => value };
        return (await client.query({ text: sql, rowMode: 'array', types } as pg.QueryArrayConfig)).rows;
      };
      await client.query('begin');
      catalogue = await loadCatalogue(query, 1);
      await client.query('rollback');
    });
    afterAll(async () => {
      await client?.end();
      await server?.stop();
    });

    const judge = (sql: string): Classification => {
      const names = { statement: () => undefined, portal: () => undefined };
      const env: ClassifyEnvironment = { connection: 'db', catalogue, names, searchPathUncertain: false };
      return classify(sql, env);
    };

    it('calls nothing a read that makes the server write', async () => {
      const missed: string[] = [];
      let ran = 0;
      for (const sql of corpus()) {
        if (sql.includes('\0') || UNFIT.test(sql)) continue;
        const classification = judge(sql);
        if (!onlyReads(classification) || /txid_current|pg_current_xact_id/.test(sql)) continue;
        const trace = await run(client, sql);
        if (!trace.failed) ran += 1;
        if (trace.wrote || trace.tables.size > 0) missed.push(sql);
      }
      expect(missed).toEqual([]);
      expect(ran).toBeGreaterThan(150);
    });

    it('names every table whose rows a statement changes', async () => {
      const missed: { sql: string; missing: string[] }[] = [];
      let changed = 0;
      for (const sql of corpus()) {
        if (sql.includes('\0') || UNFIT.test(sql)) continue;
        const classification = judge(sql);
        if (onlyReads(classification) || opaque(classification)) continue;
        const trace = await run(client, sql);
        if (trace.tables.size > 0) changed += 1;
        const missing = unnamed(classification, trace, catalogue);
        if (missing.length > 0) missed.push({ sql, missing });
      }
      expect(missed).toEqual([]);
      expect(changed).toBeGreaterThan(80);
    });

    it('calls no ordinary read anything else', () => {
      const reads = [
        'select id, name from customers where email like $1 order by id limit 10',
        'select count(*), max(total) from orders group by customer_id',
        'select c.name, sum(o.total) from customers c left join orders o on o.customer_id = c.id group by 1',
        "select upper(name), length(card), now(), to_char(now(), 'YYYY'), coalesce(email, '') from customers",
        "select jsonb_build_object('a', id), array_agg(name order by id) from customers group by id",
        "select date_trunc('day', now()), extract(epoch from now()), interval '1 day' * 2",
        'select row_number() over (order by id), lag(id) over w from orders window w as (order by total)',
        "select regexp_replace(name, 'a', 'b'), string_to_array(name, ','), md5(name) from customers",
        'select * from generate_series(1, 3), unnest(array[1, 2])',
        'select * from pg_stat_activity',
        'select table_name from information_schema.tables',
      ];
      for (const sql of reads) expect([sql, onlyReads(judge(sql))]).toEqual([sql, true]);
    });
  });
});
