import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueMark } from '../../../src/protocols/postgres/catalogue-mark.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

describe.each([15, 18] as const)('the catalogue mark on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    let client: pg.Client;
    const mark = () =>
      catalogueMark(async (sql) => (await client.query({ text: sql, rowMode: 'array' })).rows as string[][]);
    beforeAll(async () => {
      server = await startPostgres({ version });
      const { user, password } = server.superuser;
      client = new pg.Client({ host: '127.0.0.1', port: server.port, user, password, database: 'postgres' });
      await client.connect();
      await server.query(
        'create table t (a int, b text); create view v as select a from t; create table p (a int) partition by list (a)',
      );
    });
    afterAll(async () => {
      await client.end();
      await server.stop();
    });

    it.each([
      'alter table t rename column b to c',
      'alter table t add column d int',
      'create table u (a int)',
      'drop table u',
      'create or replace view v as select a, c from t',
      'create table p1 partition of p for values in (1)',
      'alter table p detach partition p1',
      'create schema s',
      'alter table t set schema s',
      'create function f() returns int language sql as $$ select 1 $$',
      'create or replace function f() returns int language sql as $$ select 2 $$',
      'create domain dom as text',
      'alter schema s rename to s2',
    ])('differs after %s in another connection', async (sql) => {
      const before = await mark();
      await server.query(sql);
      expect(await mark()).not.toBe(before);
    });

    it('stays the same while rows come and go and statistics are gathered', async () => {
      const before = await mark();
      await server.query('insert into s2.t (a) select generate_series(1, 100)');
      await server.query('delete from s2.t where a < 50');
      await server.query('analyze s2.t');
      expect(await mark()).toBe(before);
    });
  });
});
