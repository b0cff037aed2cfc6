// More than one person can read at once, one answer for many, and a window that ends by itself.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type Finished, startWorld, type World } from '../peers/world.ts';
import { ASKING, answer, listed, untilAsked } from './approvals.ts';
import { openProxy, type Proxied } from './proxied.ts';

const POLICY = `${ASKING}
@id("reports-by-window")
@ask("this needs a window")
@expires("5m")
forbid (principal, action == Action::"session:open", resource in Label::"env:prod")
when { context.reason like "window*" };
`;

const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';

/** A session holds this many statements at once. */
const MOST = 16;

describe('many held statements', () => {
  let alice: World;
  let dana: World;
  let proxied: Proxied;
  let inside: Proxied;
  beforeAll(async () => {
    alice = await startWorld({ policy: POLICY });
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
    proxied = await openProxy(alice);
    // The shortest window there is; the last test looks at its end.
    const asked = alice.broker(['request', 'prod-db', '--for', '1m', '--reason', 'window for a report']);
    const row = await untilAsked(dana);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect(await asked).toMatchObject({ code: 0 });
    inside = await openProxy(alice, ['--reason', 'window for a report']);
  }, 120_000);
  afterAll(async () => {
    await proxied?.close();
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
  }, 60_000);

  async function connect(): Promise<pg.Client> {
    const { PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD } = proxied.environment;
    const client = new pg.Client({
      host: PGHOST ?? '',
      port: Number(PGPORT),
      user: PGUSER ?? '',
      database: PGDATABASE ?? '',
      password: PGPASSWORD ?? '',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  const pending = async () => (await listed(dana)).filter(({ state }) => state === 'pending');

  it('are not asked about beyond what people can read: the rest is refused, and room is made again', async () => {
    const clients = await Promise.all(Array.from({ length: MOST + 2 }, connect));
    const outcomes = clients.map((client, index) =>
      client.query(`drop table flood_${index}`).then(
        () => 'ran',
        (error: Error & { code: string; hint?: string }) => `${error.code} ${error.message}`,
      ),
    );
    await expect.poll(async () => (await pending()).length, { timeout: 60_000 }).toBe(MOST);
    await expect
      .poll(
        async () => {
          const known = await Promise.all(outcomes.map((one) => Promise.race([one, 'waits'])));
          return known.filter((text) => text.includes('too many requests wait already')).length;
        },
        { timeout: 30_000 },
      )
      .toBe(2);
    await Promise.all(clients.map((client) => client.end()));
    await expect.poll(async () => (await pending()).length, { timeout: 30_000 }).toBe(0);
    const states = (await listed(dana, '--all')).filter(({ what }) => what.text.includes('flood_'));
    expect(states.map(({ state }) => state)).toEqual(Array(MOST).fill('withdrawn'));
    const client = await connect();
    const dropped = client.query('drop table if exists after_flood').catch((error: unknown) => error);
    const row = await untilAsked(dana);
    expect(await answer(dana, 'dana', 'deny', row, ['--reason', 'no'])).toMatchObject({ code: 0 });
    expect(await dropped).toMatchObject({ code: '42501' });
    await client.end();
  }, 180_000);

  function pgbench(script: string, args: readonly string[]): Promise<Finished> {
    const file = join(alice.folder, 'held.sql');
    writeFileSync(file, script);
    const child = spawn(PGBENCH, ['-n', '-f', file, ...args], { env: proxied.environment });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString('utf8')));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve({ code, signal, stdout: out.join(''), stderr: err.join('') }),
      );
    });
  }

  for (const mode of ['simple', 'extended', 'prepared'])
    it.runIf(peer('pgbench'))(
      `of pgbench’s ${mode} mode wait, and go on with one answer for the session`,
      async () => {
        await alice.postgres.query(
          `create table held_${mode} as select g as id from generate_series(1, 100) g; alter table held_${mode} owner to app`,
          'shop',
        );
        const script = `\\set id random(1, 100)\ndelete from held_${mode} where id = :id;\n`;
        const finished = pgbench(script, ['-M', mode, '-c', '4', '-t', '25']);
        let done = false;
        finished.finally(() => {
          done = true;
        });
        const answered: string[] = [];
        while (!done) {
          for (const row of await pending()) {
            const { code } = await answer(dana, 'dana', 'approve', row);
            if (code === 0) answered.push(row.id);
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        const { code, stdout, stderr } = await finished;
        expect(stderr).not.toMatch(/ERROR|aborted/);
        expect(stdout).toContain('number of transactions actually processed: 100/100');
        expect(code).toBe(0);
        // One for each client that asked before the first answer, and none after it.
        expect(answered.length).toBeGreaterThan(0);
        expect(answered.length).toBeLessThanOrEqual(4);
      },
      180_000,
    );

  it('a window ends its sessions when its time is over', async () => {
    await inside.ended;
    const late = await alice.broker(['query', 'prod-db', 'select 1', '--reason', 'window for a report']);
    expect(late).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('needs approval for this session'),
    });
    await expect
      .poll(
        async () => {
          const { stdout } = await alice.broker(['sessions', 'show', inside.session, '--json']);
          return stdout === '' ? undefined : (JSON.parse(stdout) as { session: { end: string } }).session.end;
        },
        { timeout: 30_000 },
      )
      .toBe('expired');
  }, 120_000);
});
