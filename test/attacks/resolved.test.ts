// Names mean what the client's own connection takes them for, whatever the role's or the database's search path became.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import type { Raw } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, openShop } from './session.ts';

const POLICY = `
@id("all")
permit (principal, action, resource);
@id("not-the-vault")
forbid (principal, action == Action::"sql:select", resource == Table::"shop/vault.notes");
`;

const READ = 'select words from notes';
const secret = (lines: readonly string[]) => lines.some((line) => line.includes('nobody may see'));
const plain = (lines: readonly string[]) => lines.some((line) => line.includes('anybody may see'));

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('a search path changed behind the session', () => {
    let server: PostgresPeer;
    let session: Attacked;
    let early: Raw;
    beforeAll(async () => {
      server = await startPostgres({ version });
      await openShop(server);
      await server.query(
        `create schema vault; create table vault.notes (words text); create table public.notes (words text);
         insert into vault.notes values ('nobody may see'); insert into public.notes values ('anybody may see');
         grant usage on schema vault to dev; grant select on vault.notes, public.notes to dev`,
        'shop',
      );
    });
    afterAll(() => server?.stop());
    beforeEach(async () => {
      session = await attack(server, { policy: POLICY });
      early = await session.client();
      expect(plain(await session.query(early, READ))).toBe(true);
    });
    afterEach(async () => {
      await server.query('alter role dev reset all; alter database shop reset all', 'shop');
      await session?.stop();
    });

    it.each([
      'alter role dev set search_path = vault, public',
      'alter database shop set search_path = vault',
      'alter role dev in database shop set search_path = vault, public',
    ])('does not open what policy closes: %s', async (change) => {
      await server.query(change, 'shop');
      const late = await session.client();
      for (const client of [late, early, await session.client()])
        expect(secret(await session.query(client, READ))).toBe(false);
      // What the names really mean is known again, for those who connected after it.
      await server.query('alter role dev reset all; alter database shop reset all', 'shop');
      await server.query('alter role dev in database shop reset all', 'shop');
      expect(plain(await session.query(await session.client(), READ))).toBe(true);
    });

    it('follows one that a client of the session changed', async () => {
      await session.query(early, 'alter role dev set search_path = vault, public');
      expect(secret(await session.query(await session.client(), READ))).toBe(false);
      expect(secret(await session.query(early, READ))).toBe(false);
    });
  });
});
