// The catalogue snapshot against real servers: what the mask and the classifier rely on is there, and it is read fast.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import { loadCatalogue } from '../../../src/protocols/postgres/catalogue.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

describe.each([15, 18] as const)('the catalogue of PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('read from a live server', () => {
    let server: PostgresPeer;
    let client: pg.Client;
    const asked: string[] = [];
    const query = async (sql: string): Promise<(string | null)[][]> => {
      asked.push(sql);
      const types = { getTypeParser: () => (value: string) => value };
      const result = await client.query({
        text: sql,
        rowMode: 'array',
        types,
      } as unknown as pg.QueryArrayConfig);
      return result.rows as (string | null)[][];
    };
    const relation = (catalogue: Catalogue, name: string) =>
      catalogue.relations.get(catalogue.relationByName.get(name) ?? 0);

    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.query(`
        create schema "odd.schema";
        create table "odd.schema"."Odd ""Name" (id int, "a b" text, dropped int, c numeric);
        alter table "odd.schema"."Odd ""Name" drop column dropped;
        create table parent (id int, v text) partition by range (id);
        create table child partition of parent for values from (0) to (9);
        create view seen as select v from parent where id > 0;
        create function sum_up(a int, b int default 2, out total int, out note text) language sql as 'select a + b, null';
        create function parsed(a int) returns int language sql return a + 1;
        create domain short as varchar(9);
        create type pair as (x int, y short[]);
        create table acting (id int primary key);
        create table pointing (id int references acting);
      `);
      client = new pg.Client({
        host: server.host,
        port: server.port,
        ...server.superuser,
        database: 'postgres',
      });
      await client.connect();
    });
    afterAll(async () => {
      await client.end();
      await server.stop();
    });

    it('knows relations, their columns, parents and definitions', async () => {
      const catalogue = await loadCatalogue(query, 7);
      expect(catalogue.version).toBe(7);
      expect(Math.floor(catalogue.serverVersion / 10_000)).toBe(version);
      expect(catalogue.searchPath).toEqual(['public']);
      const odd = relation(catalogue, 'odd.schema.Odd "Name');
      expect(odd?.columns).toEqual([
        { attnum: 1, name: 'id', typeOid: 23 },
        { attnum: 2, name: 'a b', typeOid: 25 },
        { attnum: 4, name: 'c', typeOid: 1700 },
      ]);
      const parent = relation(catalogue, 'public.parent');
      expect(parent?.kind).toBe('partitioned');
      expect(relation(catalogue, 'public.child')?.parents).toEqual([parent?.oid]);
      const view = relation(catalogue, 'public.seen');
      expect(view?.definition).toContain('FROM public.parent');
      expect(view?.dependsOn).toContainEqual({ oid: parent?.oid, attnum: 2 });
      expect(relation(catalogue, 'public.acting')?.acts).toBe(true);
      expect(relation(catalogue, 'public.child')?.acts).toBe(false);
      expect(relation(catalogue, 'pg_catalog.pg_class')?.kind).toBe('table');
      expect(relation(catalogue, 'information_schema.columns')?.definition).toBeUndefined();
    });

    it('knows functions and types', async () => {
      const catalogue = await loadCatalogue(query, 1);
      const [sum] = catalogue.functionsByName.get('sum_up') ?? [];
      expect(sum).toMatchObject({
        columns: ['total', 'note'],
        language: 'sql',
        builtin: false,
        aggregate: false,
      });
      expect(sum?.body).toContain('DEFAULT 2');
      expect(catalogue.functionsByName.get('parsed')?.[0]?.body).toContain('RETURN');
      expect(catalogue.functionsByName.get('count')?.every((one) => one.builtin && one.aggregate)).toBe(true);
      const types = [...catalogue.types.values()];
      const short = types.find((type) => type.name === 'short');
      expect(short).toMatchObject({ kind: 'd', baseOid: 1043 });
      expect(types.find((type) => type.name === '_short')).toMatchObject({
        category: 'A',
        elementOid: short?.oid,
      });
      expect(types.find((type) => type.name === 'pair')?.relationOid).toBe(
        relation(catalogue, 'public.pair')?.oid,
      );
    });

    it('leaves no transaction and no setting behind', async () => {
      await loadCatalogue(query, 1);
      expect(await query(`select current_setting('search_path'), now() = statement_timestamp()`)).toEqual([
        ['"$user", public', 't'],
      ]);
    });

    it('rolls back when a query fails', async () => {
      const failing = (sql: string) =>
        sql.includes('pg_proc') ? Promise.reject(new Error('gone')) : query(sql);
      await expect(loadCatalogue(failing, 1)).rejects.toThrow('gone');
      expect(await query('select 1')).toEqual([['1']]);
    });

    it('reads thousands of tables within three seconds, in as many questions as of a few', async () => {
      await server.query(`do $$ begin for i in 1..3000 loop
        execute format('create table many_%s (id int, a text, b text, c numeric, d timestamptz)', i); end loop; end $$`);
      asked.length = 0;
      const started = performance.now();
      const catalogue = await loadCatalogue(query, 1);
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(catalogue.relations.size).toBeGreaterThan(3_000);
      expect(asked.length).toBeLessThan(20);
    });
  });
});
