import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from './peer.ts';
import { type PostgresPeer, startPostgres } from './postgres.ts';

describe.each([15, 18] as const)('PostgreSQL %i as a peer', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    beforeAll(async () => {
      server = await startPostgres({ version });
    });
    afterAll(() => server.stop());

    it('answers as the version asked for', async () => {
      const [row] = await server.query('show server_version_num');
      expect(Math.floor(Number(row?.['server_version_num']) / 10_000)).toBe(version);
    });
  });
});
