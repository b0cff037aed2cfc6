// Relations that share a protected table's name, with other columns or in another order: what is shown is the table the server means.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import type { Raw } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

/** None has the columns of public.customers: one column, the same number in another order, more of them. */
const SHADOWS: readonly string[] = [
  'a int',
  'card text, email text, phone text, id int, name text, city text, joined date',
  'id int, name text, email text, x text, card text, city text, joined date',
  'x1 text, x2 text, card text, x4 text, x5 text, x6 text, email text, x8 text',
];

const READS: readonly string[] = [
  'copy customers to stdout',
  'copy customers to stdout with (format binary)',
  'copy customers (id, card) to stdout',
  'copy (select * from customers) to stdout',
  'select c from customers c',
  'select c.* from customers c',
  'select to_json(c) from customers c',
  'select to_json(t) from (select * from customers) t',
  'select row(c.*)::text from customers c',
  'select d from (select * from customers union all select * from customers) t(a, b, c, d, e, f, g)',
  'select c || d from (select * from customers) t(a, b, c, d)',
  'with t(a, b, c, d) as (select * from customers offset 0) select upper(d), upper(c) from t',
  'select (select d from (select * from customers limit 1) t(a, b, c, d))',
  'select json_agg(c) from customers c natural join customers d',
  "select string_agg(card, ',') from customers",
  'select * from customers',
];

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('a table of the same name', () => {
    let server: PostgresPeer;
    let session: Attacked;
    let maker: Raw;
    let reader: Raw;
    beforeAll(async () => {
      server = await startPostgres({ version });
      await openShop(server);
      await server.query('grant create on database shop to dev; grant usage on schema public to dev', 'shop');
    });
    afterAll(() => server?.stop());
    beforeEach(async () => {
      session = await attack(server);
      maker = await session.client();
      reader = await session.client();
    });
    afterEach(() => session?.stop());

    const readAll = async (): Promise<string[]> => {
      const lines: string[] = [];
      for (const sql of READS) lines.push(...(await session.query(reader, sql)));
      return lines;
    };

    it.each(SHADOWS)('of another conversation, temporary, shows nothing: (%s)', async (columns) => {
      await session.query(maker, `create temp table customers (${columns})`);
      const lines = await readAll();
      expect(leaked(lines)).toEqual([]);
      expect(lines.filter((line) => line.startsWith('D ')).length).toBeGreaterThan(60);
      expect(leaked([session.recorded()])).toEqual([]);
    });

    it.each(SHADOWS)('in another schema shows nothing: (%s)', async (columns) => {
      await server.query(
        `create schema dev; create table dev.customers (${columns}); grant all on schema dev to dev`,
        'shop',
      );
      try {
        // The role's own schema is first on its path until the path is another.
        await server.query('alter role dev set search_path = public', 'shop');
        const late = await session.client();
        reader = late;
        expect(leaked(await readAll())).toEqual([]);
      } finally {
        await server.query('alter role dev reset search_path; drop schema dev cascade', 'shop');
      }
    });

    it('leaves named columns of the table readable', async () => {
      await session.query(maker, 'create temp table customers (a int)');
      const lines = await session.query(reader, 'select id, city from customers where id = 1');
      expect(lines.find((line) => line.startsWith('D '))).toContain('Oslo');
      const all = await session.query(reader, 'select * from customers where id = 1');
      expect(all.find((line) => line.startsWith('D '))).toContain('Oslo');
    });
  });
});
