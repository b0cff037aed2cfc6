// Clients that try to make the proxy take one answer for another. A mask belongs to the rows it was made for.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { errorOf, type Raw, say } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

const { parse, bind, execute, describe: ask, sync, query, copyDone, copyData } = say;
const CLEAN_ROWS = "select repeat('z', 16) as card from generate_series(1, 1000)";

describe('a client that wants answers and requests out of step', () => {
  let server: PostgresPeer;
  let session: Attacked;
  let client: Raw;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await openShop(server);
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await attack(server);
    client = await session.client();
  });
  afterEach(() => session?.stop());

  /** A portal in a transaction whose rows were found clean. */
  async function cleanPortal(): Promise<void> {
    await session.query(client, 'create temp table scratch (a text)');
    await session.query(client, 'begin');
    client.send(parse('x', CLEAN_ROWS), bind('X', 'x'), execute('X', 1), sync());
    await client.ready();
  }

  it('is not shown cards under the mask of a portal the server never ran', async () => {
    await cleanPortal();
    client.send(query('copy scratch from stdin'));
    await client.until('G');
    // Syncs inside COPY data are swallowed: three readiness messages more may seem to be owed.
    client.send(sync(), sync(), sync(), copyDone());
    await client.ready();
    // A query behind requests without a Sync is skipped with them.
    client.send(parse('', 'select 1/0'), bind('', ''), execute(''), query('select 1'));
    await client.until('E');
    client.send(execute('X', 1), ask('P', 'X'), execute('X', 1), sync());
    const lines = await client.ready();
    client.send(query('rollback'), query('select card from customers limit 3'));
    lines.push(...(await client.ready(2)));
    expect(leaked(lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('D '))).toHaveLength(3);
    expect(leaked([session.recorded()])).toEqual([]);
  });

  it('gets the answers of PostgreSQL when a query stands behind a failed pipeline', async () => {
    client.send(
      parse('', 'select 1/0'),
      bind('', ''),
      execute(''),
      query('select 1'),
      query('select 2'),
      sync(),
    );
    expect((await client.ready()).map((line) => line[0]).join('')).toBe('1EZ');
    client.send(parse('', 'select 3'), bind('', ''), execute(''), query('select 4'), sync());
    expect((await client.ready(2)).map((line) => line[0]).join('')).toBe('12DCTDCZZ');
    expect(session.recorded()).toContain('"status":"cancelled"');
  });

  it('cannot send requests into COPY data', async () => {
    await cleanPortal();
    client.send(query('copy scratch from stdin'));
    await client.until('G');
    client.send(copyData('1\n'), execute('X', 1));
    const error = errorOf(await client.closed());
    expect([error.get('S'), error.get('C'), error.get('R')]).toEqual([
      'FATAL',
      '08P01',
      'broker:protocol-violation',
    ]);
  });
});
