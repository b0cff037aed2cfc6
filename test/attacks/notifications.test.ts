// What a server says unasked belongs to no statement: nobody knows what it was made from.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

describe('a notification', () => {
  let server: PostgresPeer;
  let session: Attacked;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await openShop(server);
    session = await attack(server);
  });
  afterAll(async () => {
    await session?.stop();
    await server?.stop();
  });

  it('made by a trigger from a whole row shows nothing of it', async () => {
    await server.query(
      `create function tell() returns trigger language plpgsql as
         $f$ begin perform pg_notify('changes', row_to_json(new)::text); return new; end $f$;
       create trigger telling after update on customers for each row execute function tell()`,
      'shop',
    );
    const client = await session.client();
    await session.query(client, 'listen changes');
    const lines = await session.query(client, "update customers set city = 'Bern' where id = 7");
    if (!lines.some((line) => line.startsWith('A '))) lines.push(...(await client.until('A ')));
    expect(leaked(lines)).toEqual([]);
    expect(lines.find((line) => line.startsWith('A '))).toContain('changes\\0[masked]\\0');
  });

  it('said by the client itself arrives as it was said', async () => {
    const client = await session.client();
    await session.query(client, 'listen news');
    const lines = await session.query(client, "notify news, 'hello'");
    if (!lines.some((line) => line.startsWith('A '))) lines.push(...(await client.until('A ')));
    expect(lines.find((line) => line.startsWith('A '))).toContain('news\\0hello\\0');
  });
});
