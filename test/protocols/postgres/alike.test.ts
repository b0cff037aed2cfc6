// What psql shows of a script through a session is, byte for byte, what it shows of it directly.
import { execFile } from 'node:child_process';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attacked, attack } from '../../attacks/session.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { SCRIPTS } from './alike-scripts.ts';

const POLICY = '@id("all") permit (principal, action, resource);';

/** A script's output and complaints in one stream, with its own lines in between. */
function psql(environment: Readonly<Record<string, string>>, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'sh',
      ['-c', 'exec psql -X -a -q 2>&1'],
      {
        env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', PGSSLMODE: 'disable', ...environment },
        timeout: 60_000,
      },
      (error, stdout) => (error?.killed ? reject(error) : resolve(stdout)),
    );
    child.stdin?.end(script);
  });
}

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(peer('psql') && (version === 18 || peer('postgres-15')))('a script', () => {
    let server: PostgresPeer;
    let session: Attacked;
    beforeAll(async () => {
      server = await startPostgres({ version, settings: { max_prepared_transactions: '4' } });
      // The same name, so that nothing tells the two databases apart.
      await server.query('create database shop');
      await server.query('create database alike template shop');
      const { user, password } = server.superuser;
      session = await attack(server, {
        policy: POLICY,
        account: { user, password },
        connection: { masking: { columns: {}, strategies: {}, onUnknown: 'mask' } },
      });
    }, 60_000);
    afterAll(async () => {
      await session?.stop();
      await server?.stop();
    });

    it.each(Object.keys(SCRIPTS))('%s', { timeout: 120_000 }, async (name) => {
      const script = SCRIPTS[name] ?? '';
      const { user, password } = server.superuser;
      const through = new URL(session.url);
      const [directly, brokered] = [
        await psql(
          {
            PGHOST: '127.0.0.1',
            PGPORT: String(server.port),
            PGUSER: user,
            PGPASSWORD: password,
            PGDATABASE: 'alike',
          },
          script,
        ),
        await psql(
          {
            PGHOST: through.hostname,
            PGPORT: through.port,
            PGUSER: user,
            PGPASSWORD: decodeURIComponent(through.password),
            PGDATABASE: 'shop',
          },
          script,
        ),
      ];
      expect(brokered).toBe(directly);
    });

    it('knows a notification of its own by the process id it was told', async () => {
      const client = new pg.Client({ connectionString: session.url });
      await client.connect();
      try {
        const told = (client as unknown as { processID: number }).processID;
        const notified = new Promise<number>((resolve) =>
          client.once('notification', ({ processId }) => resolve(processId)),
        );
        const { rows } = await client.query('select pg_backend_pid() as pid');
        await client.query('listen alike');
        await client.query('notify alike');
        expect({ pid: rows[0].pid, notified: await notified }).toEqual({ pid: told, notified: told });
      } finally {
        await client.end();
      }
    });
  });
});
