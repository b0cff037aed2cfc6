// masking.md section 7: every known way round the mask, against real servers, with detectors switched off.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../peers/peer.ts';
import { READS, SIDEWAYS } from './cases.ts';
import { leaks, messageText, openWorld, queryRows, unitOf, type World } from './world.ts';

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
