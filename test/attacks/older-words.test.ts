// Words of the newest grammar that an older server takes for names of functions and columns: what they show is masked.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import type { Raw } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

const POLICY = '@id("all") permit (principal, action, resource) unless { action == Action::"reveal" };';

const FUNCTIONS = [
  'json(a int)',
  'json_array(a int)',
  'json_arrayagg(a int)',
  'json_exists(a text, b text)',
  'json_object(a int)',
  'json_objectagg(a int)',
  'json_query(a text, b text)',
  'json_scalar(a int)',
  'json_serialize(a int)',
  'json_value(a text, b text)',
  'merge_action()',
];

const CALLS = [
  'json(1)',
  'json_array(1)',
  'json_arrayagg(1)',
  "json_exists('{}'::text, '$.a'::text)",
  'json_object(1)',
  "json_query('{}'::text, '$.a'::text)",
  'json_scalar(1)',
  'json_serialize(1)',
  "json_value('{}'::text, '$.a'::text)",
  'merge_action()',
];

describe.runIf(peer('postgres-15'))('on PostgreSQL 15, whose grammar lacks the words', () => {
  let server: PostgresPeer;
  let session: Attacked;
  let client: Raw;
  beforeAll(async () => {
    server = await startPostgres({ version: 15 });
    await openShop(server);
    for (const one of FUNCTIONS)
      await server.query(
        `create function public.${one} returns text language sql stable as 'select card from customers limit 1'`,
        'shop',
      );
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await attack(server, { policy: POLICY });
    client = await session.client();
  });
  afterEach(() => session?.stop());

  it.each(CALLS)('shows nothing of what %s returns', async (call) => {
    let rows = 0;
    for (const sql of [
      `select ${call}`,
      `select upper(${call})`,
      `select ${call} from customers limit 1`,
      `select * from ${call} as t`,
      `select t.* from (select ${call} as a) t`,
      `copy (select ${call}) to stdout`,
      `create temp view v as select ${call} as a`,
      'select * from v',
      'drop view v',
    ]) {
      const lines = await session.query(client, sql);
      rows += lines.filter((line) => line.startsWith('D ')).length;
      expect(leaked(lines)).toEqual([]);
    }
    expect(rows).toBeGreaterThan(3);
    expect(leaked([session.recorded()])).toEqual([]);
  });

  it('shows nothing of a column that goes by such a word', async () => {
    const lines = await session.query(
      client,
      'select upper(system_user) from (select id, card as system_user from customers) t limit 2',
    );
    expect(lines.filter((line) => line.startsWith('D '))).toHaveLength(2);
    expect(leaked(lines)).toEqual([]);
  });
});
