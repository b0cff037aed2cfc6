// After every kind of definition, what was read of the changes is what reading everything would have read.
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import { CatalogueBook, loadCatalogue } from '../../../src/protocols/postgres/catalogue.ts';
import type { CatalogueQuery } from '../../../src/protocols/postgres/catalogue-follow.ts';
import { ServerError } from '../../../src/protocols/postgres/upstream.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

const SCHEMA = `
create table t (a int primary key, b text default 'x', c numeric);
create view v as select a, b from t;
create view vv as select a from v where b <> '';
create materialized view mv as select b from t;
create table p (a int, b text) partition by list (a);
create table parent (a int); create table child () inherits (parent);
create domain dom as text default 'd'; create table uses (a dom, b int default 3);
create type pair as (x int, y text);
create function f(i int) returns int language sql as 'select i';
create function g(i int default 1, out x int, out y text) language sql as 'select i, null';
create function trig() returns trigger language plpgsql as 'begin return new; end';
create schema s; create table s.t (a int);
create sequence seq`;

/**
 * Each is run by another connection; behind it both readings are compared. VACUUM is left out: it takes back in place that a
 * table without triggers had some, and whoever reads only changes stays on the safe side.
 */
const DEFINITIONS = [
  'create table n (id serial primary key, a text default lower($$Q$$), b numeric, check (f(id) > 0))',
  'alter table t add column d dom',
  'alter table t rename column b to bb',
  'alter table t rename to tt',
  'alter table tt rename to t',
  'alter table t drop column c cascade',
  'alter table n alter column a type varchar(30) using a::varchar(30)',
  'create or replace view vv as select a, 1 as one from v',
  'drop materialized view mv cascade; alter table t alter column bb set default $$y$$',
  'alter table t alter column bb drop default',
  'alter table n add column made text generated always as (a || $$!$$) stored; alter table n rename column a to aa',
  'create schema s2; alter table t set schema s2',
  'alter table s2.t set schema public',
  'create table p1 partition of p for values in (1)',
  'create table p2 (a int, b text); alter table p attach partition p2 for values in (2)',
  'alter table p detach partition p2',
  'alter table child no inherit parent',
  'alter table child inherit parent',
  'create table pointing (id int references t)',
  'create index on t (a); create index on n (lower(aa))',
  'create trigger tr before insert on t for each row execute function trig()',
  'alter table t disable trigger tr',
  'alter table t enable trigger tr',
  'drop trigger tr on t',
  'create policy pol on t using (f(a) > 0)',
  'alter policy pol on t using (f(a) > 1)',
  'alter function f(int) rename to ff',
  'create or replace function ff(i int) returns int language sql as $$select i + 1$$',
  'alter function ff(int) set schema s',
  'drop policy pol on t',
  'create function parsed(x int) returns text language sql return (select bb from t where a = x)',
  'alter table t rename column bb to b3',
  'alter domain dom set default $$e$$',
  'alter domain dom rename to dom2',
  'alter domain dom2 drop default',
  'create type mood as enum ($$sad$$)',
  'alter type mood add value $$ok$$',
  'alter type pair add attribute z int',
  'alter type pair rename attribute z to zz',
  'create rule r as on insert to uses do also select 1',
  'drop rule r on uses',
  'alter sequence seq rename to seq2',
  'create view on_s as select a from s.t',
  'alter schema s rename to s3',
  'drop schema s2 cascade',
  'create operator === (leftarg = int, rightarg = int, function = int4eq)',
  'drop operator === (int, int)',
  'create cast (mood as int) with inout',
  'drop cast (mood as int)',
  'create function et() returns event_trigger language plpgsql as $$begin end$$; create event trigger ev on ddl_command_end execute function et()',
  'alter event trigger ev disable',
  'drop event trigger ev',
  'create extension if not exists plpgsql; comment on table t is $$c$$',
  'grant select on t to public',
  'create unlogged table u (a int); alter table u set logged',
  'truncate t cascade; analyze',
  'vacuum full t',
  'create table big as select n as id from generate_series(1, 10) n',
  'drop table n, big',
  'drop view vv, v; drop function parsed(int)',
  'drop type pair; drop table uses',
  'do $$begin for i in 1..30 loop execute format($q$create table many_%s (a int, b text)$q$, i); end loop; end$$',
  'do $$begin for i in 1..30 loop execute format($q$drop table many_%s$q$, i); end loop; end$$',
  'alter role current_user set search_path = s3, public',
  'begin; create table undone (a int); alter table t add column undone int; rollback',
  'begin; savepoint a; create table half (a int); rollback to a; create table whole (a int); commit',
] as const;

const sorted = (catalogue: Catalogue, version: number) => ({
  ...catalogue,
  version,
  functionsByName: new Map(
    [...catalogue.functionsByName].map(([name, list]) => [name, [...list].sort((a, b) => a.oid - b.oid)]),
  ),
});

describe.each([15, 18] as const)('changes of the catalogue of PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    let client: pg.Client;
    let asked: string[] = [];
    const types = { getTypeParser: () => (value: string) => value };
    const run = async (text: string) => {
      asked.push(text);
      const config = { text, rowMode: 'array', types } as unknown as pg.QueryArrayConfig;
      try {
        const result = (await client.query(config)) as unknown as pg.QueryArrayResult | pg.QueryArrayResult[];
        return (Array.isArray(result) ? result : [result]).map(({ rows }) => rows as (string | null)[][]);
      } catch (error) {
        throw new ServerError(new Map([['C', (error as pg.DatabaseError).code ?? '']]));
      }
    };
    const query: CatalogueQuery = (statements) => run(statements.join(';'));
    const whole = () => loadCatalogue(async (sql) => (await run(sql))[0] ?? [], 1);

    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.query(SCHEMA);
      const { user, password } = server.superuser;
      client = new pg.Client({ host: '127.0.0.1', port: server.port, user, password, database: 'postgres' });
      await client.connect();
    });
    afterAll(async () => {
      await client.end();
      await server.stop();
    });

    /** A connection of its own for each book. */
    beforeEach(() => client.query('deallocate all'));

    /** Runs every definition; returns those that were not followed by their changes alone. */
    async function compare(book: CatalogueBook): Promise<string[]> {
      const read: string[] = [];
      for (const definition of DEFINITIONS) {
        await server.query(definition);
        asked = [];
        const changed = await book.read(query);
        if (asked.some((text) => text.includes('from pg_catalog.pg_proc p') && !text.includes('prepare')))
          read.push(definition);
        expect(sorted(changed, 0), definition).toEqual(sorted(await whole(), 0));
      }
      return read;
    }

    it('are read by what was written, and nothing is missed', async () => {
      const book = new CatalogueBook();
      await book.read(query);
      const read = await compare(book);
      expect(read.length).toBeLessThan(12);
      expect(read).not.toContain(DEFINITIONS[0]);
    }, 120_000);

    it('are read the same where nothing that was prepared is kept', async () => {
      await server.query(
        'drop schema public, s3 cascade; create schema public; alter role current_user reset all',
      );
      await server.query(SCHEMA);
      const book = new CatalogueBook();
      let forgets = true;
      const forgetting: CatalogueQuery = async (statements) => {
        if (forgets) await client.query('deallocate all').catch(() => undefined);
        return query(statements);
      };
      await book.read(forgetting);
      await book.read(forgetting);
      await book.read(forgetting);
      forgets = false;
      await compare(book);
    }, 120_000);

    it('are none while rows come and go: the same object, in two questions', async () => {
      const book = new CatalogueBook();
      const first = await book.read(query);
      await book.read(query);
      await server.query('create temp table mine (a int); drop table mine');
      await server.query('insert into child values (1); delete from child; analyze child');
      asked = [];
      expect(await book.read(query)).toBe(first);
      expect(asked.length).toBe(2);
    });

    it('are all read again once their transactions cannot be compared, and after they are forgotten', async () => {
      const book = new CatalogueBook();
      const first = await book.read(query);
      book.forget();
      expect((await book.read(query)).version).toBe(first.version + 1);
    });

    it('by another transaction are seen once it is over, however long it took', async () => {
      const book = new CatalogueBook();
      const { user, password } = server.superuser;
      const slow = new pg.Client({
        host: '127.0.0.1',
        port: server.port,
        user,
        password,
        database: 'postgres',
      });
      await slow.connect();
      await slow.query('begin; create table public.late (a int)');
      const first = await book.read(query);
      await server.query('create table public.meanwhile (a int)');
      expect((await book.read(query)).relationByName.has('public.meanwhile')).toBe(true);
      expect(first.relationByName.has('public.late')).toBe(false);
      await slow.query('commit');
      await slow.end();
      expect((await book.read(query)).relationByName.has('public.late')).toBe(true);
    });
  });
});
