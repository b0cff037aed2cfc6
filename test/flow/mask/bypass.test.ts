// masking.md section 7: every known way round the mask, against real servers, with detectors switched off.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../peers/peer.ts';
import { leaks, messageText, openWorld, queryRows, unitOf, type World } from './world.ts';

/** Statements that show something; each must run without an error and without a leak. */
const READS: Readonly<Record<string, readonly string[]>> = {
  'aliases and swapped names': [
    'select card as name, name as card from customers',
    'select x.name from (select card as name from customers) x',
    'select v.name, v.card from v_swap v',
    'select c.a from customers as c(i, n, a)',
  ],
  'concatenation, casts and functions': [
    `select card || '', concat(card, '-'), format('%s', card), card::varchar(9), card::bytea, account::text, account + 1 from customers`,
    'select reverse(card), encode(card::bytea, $$hex$$), encode(card::bytea, $$base64$$), md5(card), translate(card, $$0123456789$$, $$abcdefghij$$) from customers',
    'select coalesce(card, name), nullif(card, name), greatest(card, name), case when id = 1 then card else name end from customers',
    'select case when card like $$7%$$ then $$seven$$ end from customers',
    'select account::numeric, account % 100000000, (account / 10000000000)::int, pin * 2, pin::text from customers',
    'select card collate "C", quote_literal(card), to_hex(account), chr(ascii(card)) from customers',
    'select text(card), "substring"(card, 1, 8), card ~ $$7$$ from customers',
    'select pg_catalog.lower(email), initcap(email), split_part(email, $$@$$, 1) from customers',
  ],
  'substring by position': [
    `select ${Array.from({ length: 16 }, (_, at) => `substr(card, ${at + 1}, 1)`).join(', ')} from customers`,
    'select substr(c.card, g, 1) from customers c, generate_series(1, 16) g where id = 1 order by g',
    'select regexp_split_to_table(card, $$$$) from customers where id = 1',
    'select ascii(substr(card, g, 1)) - 48 from customers, generate_series(1, 16) g where id = 1 order by g',
    'select get_byte(card::bytea, g) - 48 from customers, generate_series(0, 15) g where id = 1 order by g',
  ],
  'rows, JSON and aggregates': [
    'select c from customers c',
    'select (c).card, (c).id from customers c',
    'select (c).* from customers c',
    'select row(c.*), row(card, id) from customers c',
    'select to_json(c), row_to_json(c), to_jsonb(card), jsonb_build_object($$a$$, card), json_build_array(email) from customers c',
    'select json_agg(c), array_agg(card), string_agg(card, $$,$$), min(card), max(email), sum(account), avg(pin), jsonb_object_agg(id, card) from customers c',
    'select doc, doc->$$k$$, doc #>> $${k,0}$$, doc::text, jsonb_pretty(doc), jsonb_path_query(doc, $$$.k$$) from customers',
    'select phones, phones[1], array_to_string(phones, $$,$$), unnest(phones), cardinality(phones) from customers',
    'select card(c), c.card from customers c',
    'select (select c2 from customers c2 where c2.id = c.id) from customers c',
    'select array(select card from customers), array[card], (array[card])[1] from customers',
    'select who, (who).card, (who).id, cs, cs[1].card, (cs[1]).email from holder',
    'select (h.who).card, x.* from (select who from holder) h(who), lateral (select (h.who).email) x',
    'select jsonb_each_text(to_jsonb(c)) from customers c',
    'select (jsonb_each_text(to_jsonb(c))).value from customers c',
    'select e.value from customers c, jsonb_each_text(to_jsonb(c)) e',
    'select j.* from customers c, json_to_record(row_to_json(c)) as j(card text, id int)',
    'select r.card from jsonb_populate_record(null::customers, (select to_jsonb(c) from customers c where id = 1)) r',
    'select hstore(c), hstore(c)->$$card$$, (each(hstore(c))).value from customers c',
    'select xmlelement(name a, card), xmlforest(card as b), xmlagg(xmlelement(name c, email)) over () from customers',
    'select int8range(account, account + 1), textrange.c from customers, lateral (select card as c) textrange',
    'select ts_headline(card, to_tsquery($$a$$)), to_tsvector(card), strip(to_tsvector(email)) from customers',
    'select xpath($$/a/text()$$, xmlelement(name a, card)) from customers',
    'select x.* from customers, xmltable($$/a$$ passing xmlelement(name a, card) columns v text path $$.$$) x',
    'select first_value(card) over (order by id), lag(card) over (order by id), nth_value(email, 1) over () from customers',
    'select percentile_disc(0.5) within group (order by card), mode() within group (order by email) from customers',
  ],
  'set operations': [
    'select card from customers union select null',
    'select null union all select card from customers',
    'select name from customers union select card from customers',
    'select 1, note from orders union all select id, card from customers',
    'select card from customers intersect select card from customers',
    'select card from customers except select $$x$$',
    '(select card from customers limit 1) union all (select email from customers)',
    'values ((select card from customers limit 1)), ($$b$$)',
    'select * from (values ((select card from customers limit 1), 1)) v(a, b)',
  ],
  subqueries: [
    'select (select card from customers where id = o.customer_id) from orders o',
    'select x.c from orders o, lateral (select c.card as c from customers c where c.id = o.customer_id) x',
    'select o.id, (select max(c.card) from customers c) from orders o',
    'select exists (select 1 from customers where card like $$7%$$) from orders',
    'select card = any (select $$a$$) , card in ($$x$$) from customers',
    'select s from (select card from customers) s',
    'select s.* from (select c.* from customers c) s',
    'select (s).card from (select c from customers c) s(s)',
    'select ((s).c).card from (select c from customers c) s',
    'select (select y from (select card as y) s) from customers',
    'select (select y from (select $$k$$ as card) a, (select card as y) s) from customers',
    'select (select y from (select $$k$$ as card) a, lateral (select customers.card as y) s) from customers',
    'select a.b from (select c.* , o.id as zz from customers c, orders o) a(i, n, b)',
    'select a.c2 from (select u.*, o.id from unnest((select array_agg(c) from customers c)) u, orders o) a(c1, c2, c3)',
    'select x from customers natural join (select id, card as x from customers) s',
    'select card from customers join (select card from customers) s using (card)',
    'select j.card from (customers join orders on customer_id = customers.id) as j(i, n, card)',
    'select j.* from (customers c join orders o on customer_id = c.id) as j',
    'select u.card from customers join mv_cards using (card) as u',
    'select distinct on (card) card, id from customers order by card',
    'select card, count(*) from customers group by card having count(*) > 0',
    'select card from customers group by rollup (card)',
  ],
  'common table expressions': [
    'with a as (select card from customers) select * from a',
    'with a as materialized (select card c from customers), b as (select c || $$x$$ d from a) select d from b',
    'with customers as (select 1 as card), x as (select card from public.customers) select * from x',
    'with recursive r(n, t) as (select 1, card from customers where id = 1 union all select n + 1, substr(t, 2) from r where n < 9) select t from r',
    'with recursive r(n, t) as (select 0, $$$$::text union all select n + 1, substr((select card from customers where id = 1), n + 1, 1) from r where n < 16) select t from r',
    'with recursive b as (select * from a), a as (select card from customers) select * from b',
    'with recursive r as (select id, card from customers union select id, card from r) search depth first by card set o cycle card set cyc using p select o, p from r',
    'with d as (update customers set name = name returning card) select * from d',
    'with d as (update customers set name = name returning *) select d.card || $$$$ from d',
  ],
  'views, partitions, inheritance': [
    'select * from v_cards',
    'select number || $$$$ from v_cards',
    'select a, upper(a) from v_nested',
    'select * from v_expr',
    'select * from v_union',
    'select name || $$$$ from v_union',
    'select * from mv_cards',
    'select card || $$$$ from mv_cards',
    'select v from v_cards v',
    'select * from payments',
    'select card || $$$$ from payments_high',
    'select payments_low.card, reverse(card) from payments_low',
    'select ssn, ssn || $$$$ from people',
    'select * from staff',
    'select ssn || $$$$, staff from staff',
    'select ssn || $$$$, * from stem',
    'select * from leaf',
    'select * from only people union all select id, ssn from staff',
  ],
  'functions that reach everything': [
    'select get_card(1), get_card_twice(2)',
    `select anything('select card from customers where id = 1')`,
    'select * from all_customers()',
    'select (all_customers()).card',
    'select c || $$$$ from out_cards()',
    'select * from out_cards() as o(x, y)',
    'select * from rows from (out_cards(), generate_series(1, 2)) as r(a, b, c)',
    `select query_to_xml('select card from customers', false, false, '')`,
    `select table_to_xml('customers', false, false, '')`,
    `select xpath('//card/text()', query_to_xml('select * from customers', false, false, ''))`,
    `select database_to_xml(false, false, '')`,
    `select * from dblink('host=/nowhere', 'select 1') as t(a text)`,
    `select word from ts_stat('select to_tsvector(card) from customers')`,
    'select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = $$customers$$',
    'select stavalues1::text from pg_statistic',
    'select query from pg_stat_activity',
    'select pg_stat_get_backend_activity(1)',
    'select most_common_vals::text from (select * from pg_stats) s',
    `select current_setting('my.secret', true)`,
    'select !@! 1, operator(public.!@!) 2',
    'select row(1)::cardref::text, cast(row(2)::cardref as text)',
  ],
  'comparisons with made-up values': [
    'select g from customers, generate_series(40000000, 41000000) g where g = pin',
    'select g + 0 from customers, generate_series(40718000, 40719000) g where g = pin',
    'select s.h from (select g, g + 0 as h from generate_series(40718000, 40719000) g) s, customers where s.g = pin',
    'select s.h from generate_series(40718000, 40719000) g, lateral (select g + 0 as h) s, customers where g = pin',
    'select g from generate_series(40718000, 40719000) g, lateral (select g + 0 as h) s, customers where s.h = pin',
    'select a from generate_series(40718000, 40719000) a, generate_series(40718000, 40719000) b, customers where a = b and b = pin',
    'select a.g from generate_series(40718000, 40719000) a(g) join generate_series(40718000, 40719000) b(g) using (g), customers where g = pin',
    'select g from generate_series(40718000, 40719000) g join customers on g between pin and pin',
    'select g from generate_series(40718000, 40719000) g where g in (select pin from customers)',
    'select g from generate_series(40718000, 40719000) g where exists (select 1 from customers where pin = g)',
    'select g from generate_series(40718000, 40719000) g where g = any (array(select pin from customers))',
    'select g from generate_series(40718000, 40719000) g where (case when g in (select pin from customers) then 1 end) = 1',
    'select g from generate_series(40718000, 40719000) g order by abs(g - (select min(pin) from customers)) limit 1',
    'select g from generate_series(40718000, 40719000) g group by g having g = (select min(pin) from customers)',
    'select (array_agg(g order by abs(g - pin)))[1] from generate_series(40718000, 40719000) g, customers where id = 1',
    'select first_value(g) over (order by abs(g - pin)) from generate_series(40718000, 40719000) g, customers where id = 1',
    'select first_value(g) over w from generate_series(40718000, 40719000) g, customers where id = 1 window w as (order by abs(g - pin))',
    'select distinct on (abs(g - pin) < 1) g from generate_series(40718000, 40719000) g, customers where id = 1 order by abs(g - pin) < 1 desc',
    'select g from generate_series(40718000, 40719000) g intersect select pin from customers',
    'with n as (select g from generate_series(40718000, 40719000) g) select n.g from n, customers where n.g = pin',
    'with n as (select g, g * 1 as h from generate_series(40718000, 40719000) g) select n.h from n, customers where n.g = pin',
    'select v from (values (40718236), (1)) t(v) where v = (select min(pin) from customers)',
    'select g from generate_series(40718000, 40719000) g where g = (get_card(1)::bigint - 7304918265037419 + 40718236)',
    'select count(*) from customers, generate_series(40718000, pin) g where id = 1',
    'select 40717999 + count(*) from (select 1 from customers, generate_series(40718000, pin) where id = 1) s',
    'select max(n) from customers, unnest(array_fill(1, array[pin - 40718000])) with ordinality u(v, n) where id = 1',
    'select sum(1) + 40717999 from (select generate_series(40718000, pin) from customers where id = 1) s',
    'select g from generate_series(40718000, 40719000) g offset (select min(pin) - 40718000 from customers) limit 1',
    'select max(g) from (select g from generate_series(40718001, 40719000) g limit (select min(pin) - 40718000 from customers)) s',
    'with recursive r(n) as (select 40718000 union all select n + 1 from r where n < (select min(pin) from customers)) select max(n) from r',
    'select rank(40718236) within group (order by pin) from customers',
    'select 40717999 + rank((select min(pin) from customers)) within group (order by g) from generate_series(40718000, 40719000) g',
    'select sum(1) over (rows between (select min(pin) - 40718000 from customers) preceding and current row) + 40718000 - 1 from generate_series(1, 900)',
    'select 40717999 + count(*) over w from generate_series(1, 900) window w as (rows between (select min(pin) - 40718000 from customers) preceding and current row)',
    'select g, (select 1 from customers where pin = g) from generate_series(40718235, 40718237) g where g > 0 and false',
  ],
  returning: [
    'update customers set name = name returning *',
    'update customers set name = name returning card || $$$$, customers',
    'update orders set note = note from customers c where c.id = customer_id returning c.card, c.email || $$$$',
    'delete from payments where false returning card',
    `insert into customers (id, name, card) values (50, 'Cy', 'fresh-value') on conflict do nothing returning id, card`,
    'delete from customers where id = 50 returning *',
  ],
  comments_and_quoting: [
    'select /* -- */ card -- x\r from customers',
    'select $a1$x$a1$ || card from customers',
    `select U&"c\\0061rd" from customers`,
    `select E'\\x41' || "card" from "customers"`,
    'select /* nested /* deeper */ still */ "card" as "select" from public."customers"',
    'table customers',
  ],
};

/** Statements whose plan must name protected columns that would go elsewhere. */
const SIDEWAYS: readonly string[] = [
  'create temp table t1 as select card from customers',
  'create table t1 as select upper(card) x from customers',
  'create table t1 as with a as (select * from v_cards) select * from a',
  'select card into t1 from customers',
  'select 1 as x, null::text as c into temp t1 union all select 2, card from customers',
  'insert into orders (id, note) select id, card from customers',
  'insert into orders select id, id, card, 1, null from customers',
  'insert into orders (id, note) values (99, (select card from customers limit 1))',
  'insert into orders (id, note) values (99, get_card(1))',
  'insert into orders as o (id, note) values (10, $$x$$) on conflict (id) do update set note = (select card from customers limit 1)',
  'update orders set note = c.card from customers c where c.id = customer_id',
  'update orders set (note, amount) = (select card, 1 from customers limit 1)',
  'update customers set name = card',
  'update customers set region = email where id = 1',
  'merge into orders o using customers c on o.customer_id = c.id when matched then update set note = c.card',
  'merge into orders o using customers c on false when not matched then insert (id, note) values (c.id, c.card)',
  'with w as (insert into orders (id, note) select id, card from customers returning id) select * from w',
  'create view v as select card from customers',
  'create or replace view v as select upper(number) from v_cards',
  'create materialized view v as select card from customers',
  'create function f() returns text language sql as $$ select card from customers limit 1 $$',
  'create function f() returns setof customers language sql begin atomic select * from customers; end',
  'create function f() returns text language plpgsql as $$ begin execute $x$ select 1 $x$; end $$',
  'create function f(x text default get_card(1)) returns text language sql as $$ select x $$',
  'create procedure f() language plpgsql as $$ begin insert into orders select * from v_nested; end $$',
  'do $$ begin raise notice $x$%$x$, (select card from customers limit 1); end $$',
  `do $$ begin execute 'sel' || 'ect 1'; end $$`,
  `copy customers to '/tmp/x'`,
  `copy (select card from customers) to program 'cat'`,
  `select set_config('my.x', card, false) from customers`,
  `select pg_notify('c', card) from customers`,
  `select setval('s', account) from customers`,
  'select lo_from_bytea(0, card::bytea) from customers',
  'select pg_advisory_lock(account) from customers',
  'select keep(card) from customers',
  'explain analyze create table t1 as select card from customers',
  'prepare p1 as insert into orders (id, note) select id, card from customers',
  'create rule r as on insert to orders do also select card from customers',
  'create trigger t before insert on customers for each row execute function suppress_redundant_updates_trigger()',
  'alter table customers rename column card to other',
  'alter table customers rename to others',
  'alter schema public rename to other',
  'alter table customers set schema other',
  'alter table payments detach partition payments_low',
  'alter table staff no inherit people',
  'alter table customers add column copy text generated always as (card) stored',
  'alter table customers alter column name type text using card',
  'alter table orders alter column note set default get_card(1)',
  'create publication p for table customers',
  'create publication p for all tables',
  'create operator === (function = get_card, rightarg = int)',
  'create schema s create view v as select card from public.customers',
];

/** Statements that write nothing protected elsewhere. */
const HONEST: readonly string[] = [
  `update customers set card = '1234', email = lower(email) where id = 1`,
  'insert into orders (id, note) select id + 100, name from customers',
  'create temp table t2 as select id, name, count(card) as n from customers group by 1, 2',
  'create view v as select id, name from customers where card is not null',
  'insert into orders (id, note) values (1, slug($$A b$$))',
  'create function plus(a int, b int) returns int language sql as $$ select a + b $$',
  'do $$ begin raise notice $x$hello$x$; end $$',
  'create table fresh (id int default 1, note text)',
  'alter table orders add column extra text',
  'copy customers from stdin',
  `set application_name = 'x'`,
  'begin',
];

/** Statements whose cells must come back exactly as the server sent them. */
const CLEAN: readonly string[] = [
  'select id, name from customers where card = $$x$$ or id = 1',
  'select o.* from orders o where o.customer_id = (select id from customers where email = $$a$$) or true order by o.id',
  'select o.* from orders o where o.customer_id in (select id from customers where email like $$%@%$$) order by o.id',
  'select o.id, o.note from orders o where exists (select 1 from customers c where c.id = o.customer_id and c.card like $$7%$$)',
  'select c.id, c.name from customers c join orders o on o.customer_id = c.id and c.email is not null order by c.card, c.id',
  'select count(*), max(id) from customers where card like $$7%$$',
  'select id from customers group by id, card order by id',
  'select id, name, region from customers order by id',
  'select name || $$!$$, upper(region), length(name), id + 1 from customers order by id',
  'select count(*), count(card), count(distinct email) from customers',
  'select card is null, email is not null from customers',
  'select * from orders order by id',
  'select o.*, c.name from orders o join customers c on c.id = o.customer_id order by o.id',
  'select sum(amount), avg(amount)::numeric(10,2), array_agg(note), json_agg(o) from orders o',
  'select o from orders o order by id',
  'select * from v_clean order by id',
  'select amount <+> 2.0, 1 + 1 as two from orders order by id',
  'select add_tax(amount), slug(note) from orders order by id',
  'with a as (select id, card, name from customers) select id, name from a order by id',
  'select (c).name, (c).id from customers c order by id',
  'select b, a.id from (select id, card, name as b from customers) a order by id',
  'with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n, n * 2 as d from r',
  'select * from generate_series(1, 3) g',
  'select * from generate_series(1, 2) with ordinality as t(a, b)',
  `select * from json_to_recordset('[{"a":1,"b":"x"}]') as x(a int, b text)`,
  `select unnest(array['a','b']), now() is not null, current_setting('server_version'), version()`,
  'select tags, tags[1], array_length(tags, 1) from orders order by id',
  'select id, amount from payments order by id',
  'select id, other from stem',
  'select who is null, id from holder',
  'select (who).name, (who).id from holder',
  'select oid, relname, pg_get_viewdef(oid) is null, obj_description(oid) from pg_class where relname = $$orders$$',
  'select column_name, data_type from information_schema.columns where table_name = $$customers$$ order by 1',
  'select pid, state, usename from pg_stat_activity where pid = pg_backend_pid()',
  'select row_number() over (order by card), rank() over (partition by region order by id) from customers',
  'explain (costs off) select * from customers where id = 1',
  'show server_version',
  'values (1, $$a$$), (2, $$b$$)',
  'select id from customers where card = $$x$$ union select id from orders order by 1',
  'select ctid is not null, tableoid::regclass::text from customers',
  'update orders set note = note where id = 10 returning id, note',
];

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('with a live catalogue', () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld(version);
      await world.client.query('analyze');
    });
    afterAll(() => world.stop());

    for (const [family, statements] of Object.entries(READS))
      it.each(statements)(`leaks nothing through ${family.replaceAll('_', ' ')}: %s`, async (sql) => {
        for (const binary of [false, true]) {
          const answer = await world.run(sql, { binary });
          if (!sql.includes('dblink(')) expect(answer.error?.get('M')).toBeUndefined();
          expect(leaks(answer.rows, messageText(answer))).toEqual([]);
        }
      });

    it
      .runIf(version === 18)
      .each([
        'update customers set name = name returning old.card, new.card, old.*',
        'update customers set name = name returning with (old as o, new as n) o.card || n.email, o',
        'delete from payments where id = 1 returning old.card || $$$$',
        'merge into orders o using customers c on o.customer_id = c.id when matched then update set note = o.note returning merge_action(), c.card, c.email || $$$$, *',
      ])('leaks nothing through rows before and after: %s', async (sql) => {
      const answer = await world.run(sql);
      expect(answer.error).toBeUndefined();
      expect(leaks(answer.rows)).toEqual([]);
    });

    it.each([
      ['prepare q1 as select card, card || $$$$ as x from customers', 'execute q1'],
      ['prepare q2(text) as select $1 as x', 'execute q2(get_card(1))'],
      [
        'begin',
        'declare c1 cursor for select * from customers',
        'fetch all c1',
        'move backward all c1',
        'fetch 1 from c1',
        'commit',
      ],
      ['declare c2 cursor with hold for select card || $$$$ from customers', 'fetch all c2', 'close c2'],
      [
        'begin',
        'declare c3 scroll cursor for with a as (select email e from customers) select e from a',
        'fetch last c3',
        'fetch absolute 1 c3',
        'rollback',
      ],
    ])('leaks nothing through statements and cursors by name: %s', async (...statements) => {
      for (const sql of statements) {
        const answer = await world.run(sql);
        expect(answer.error).toBeUndefined();
        expect(leaks(answer.rows)).toEqual([]);
      }
    });

    it('masks a statement prepared once on every execution', async () => {
      for (let round = 0; round < 3; round++) {
        const answer = await world.run('select card, $1::text as given from customers', { values: ['x'] });
        expect(answer.rows).toEqual([
          ['[payment-card]', 'x'],
          ['[payment-card]', 'x'],
        ]);
      }
    });

    it.each([
      'copy customers to stdout',
      'copy customers (email, card, doc, phones) to stdout',
      'copy (select * from customers) to stdout',
      'copy (select upper(card), c, to_json(c), id from customers c) to stdout',
      'copy payments_high to stdout',
      'copy staff to stdout',
      'copy holder to stdout',
    ])('leaks nothing through: %s', async (sql) => {
      const { text } = await world.copy(sql);
      expect(text).toBeDefined();
      expect(leaks([[text ?? '']])).toEqual([]);
    });

    it('refuses a COPY stream of another width than planned', () => {
      const plan = world.plan('copy (select id, card from customers) to stdout');
      expect(world.masker.copyOut(plan, 3, false, world.catalogue())).toBeUndefined();
    });

    it.each([
      'select card::int from customers',
      'select (card || $$x$$)::numeric from customers',
      'select email::date from customers',
      'select doc::text::xml from customers',
      `select card::regclass from customers`,
      `insert into customers (id, name, card) select 60, 'x', card from customers where id = 1`,
      `update customers set name = null where id = 1`,
      `update customers set card = left(card, 2) where id = 1`,
      `insert into orders (id, customer_id) values (77, 777)`,
      'select card::json from customers',
      `select to_date(card, 'YYYY-MM-DD') from customers`,
      `do $$ begin raise notice '%', (select card from customers limit 1); end $$`,
      `do $$ begin raise exception '%', (select string_agg(card, ',') from customers) using hint = (select min(card) from customers), detail = 'see'; end $$`,
      `do $$ begin perform (select card from customers limit 1)::int; end $$`,
      'select anything((select card from customers limit 1))',
      'explain analyze select * from customers where get_card(id) = card',
      'select id from v_cards where number::int > 1',
    ])('says nothing in errors and notices: %s', async (sql) => {
      const answer = await world.run(sql);
      expect(leaks(answer.rows, messageText(answer))).toEqual([]);
    });

    it('keeps SQLSTATE, severity and position of an error it rewords', async () => {
      const answer = await world.run('select email::date from customers');
      expect(answer.error?.get('C')).toBe('22007');
      expect(answer.error?.get('S')).toBe('ERROR');
      const unknown = await world.run('select nosuch from customers');
      expect(unknown.error?.get('M')).toBe('column "nosuch" does not exist');
      expect(unknown.error?.get('P')).toBe('8');
    });

    it('follows a protected column that was renamed in this session', async () => {
      await world.client.query('alter table customers rename card to harmless');
      await world.refresh();
      const answer = await world.run('select harmless, harmless || $$$$ from customers');
      await world.client.query('alter table customers rename harmless to card');
      await world.refresh();
      expect(leaks(answer.rows)).toEqual([]);
    });

    it('takes nothing as clean by name while the catalogue may be behind', async () => {
      const plan = world.masker.plan(unitOf('select upper(name) from customers'), world.catalogue(), {
        uncertain: true,
      });
      expect(plan).toMatchObject({ outputs: undefined, unknown: true, reaches: true });
    });

    it('masks every column of an answer that does not fit its plan', async () => {
      const plan = world.plan('select id, name from customers');
      const field = { name: 'id', tableOid: 0, attnum: 0, typeOid: 25, format: 0 } as const;
      const mask = world.masker.columns(plan, [field], world.catalogue());
      expect(Buffer.from(mask.cells[0]?.(Buffer.from('abc'), 0, 3) ?? []).toString()).toBe('[masked]');
    });

    it('reports coverage by column and by unknown origin', async () => {
      await world.run('select card, get_card(id) from customers');
      const rows = world.masker.coverage();
      expect(rows.find((row) => row.subject === 'public.customers.card')?.lineage).toBeGreaterThan(0);
      expect(rows.find((row) => row.subject === '(unknown)')?.unknown).toBeGreaterThan(0);
    });

    it.each(CLEAN)('changes nothing in: %s', async (sql) => {
      const raw = await queryRows(world.client, sql);
      const answer = await world.run(sql);
      expect(answer.error).toBeUndefined();
      expect(answer.rows).toEqual(raw);
    });

    it.each(SIDEWAYS)('says what would go elsewhere: %s', (sql) => {
      expect(world.plan(sql).sideways.length).toBeGreaterThan(0);
    });

    it.each(HONEST)('lets pass what carries nothing away: %s', (sql) => {
      expect(world.plan(sql).sideways).toEqual([]);
    });
  });
});
