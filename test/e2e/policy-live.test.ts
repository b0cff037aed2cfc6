import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';
import { openProxy, type Proxied } from './proxied.ts';

const FORBID = '\n@id("no-updates") forbid (principal, action == Action::"sql:update", resource);\n';
const UPDATE = 'update orders set id = id where id = 1';

describe('a session that is open while its policy files change', () => {
  let world: World;
  let session: Proxied;
  let client: pg.Client;
  let file: string;
  let text: string;
  beforeAll(async () => {
    world = await startWorld();
    await world.signIn();
    session = await openProxy(world);
    const {
      PGHOST: host,
      PGPORT,
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    } = session.environment;
    client = new pg.Client({ host, port: Number(PGPORT), user, password, database });
    await client.connect();
    file = join(world.home, '.config', 'broker', 'policy.cedar');
    text = readFileSync(file, 'utf8');
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await session?.close();
    await world?.stop();
  });

  const answer = () =>
    client.query(UPDATE).then(
      () => 'allowed',
      (error: Error) => error.message,
    );

  it('is under the new policy at its next statement, and no broken one replaces it', async () => {
    expect(await answer()).toBe('allowed');
    writeFileSync(file, text + FORBID, { mode: 0o600 });
    await expect.poll(answer, { timeout: 30_000 }).toContain('no-updates');
    writeFileSync(file, 'permit (principal, action, resource', { mode: 0o600 });
    await expect
      .poll(async () => (await world.broker(['agent', 'logs'])).stdout, { timeout: 30_000 })
      .toContain('stays as it was');
    expect(await answer()).toContain('no-updates');
    writeFileSync(file, text, { mode: 0o600 });
    await expect.poll(answer, { timeout: 30_000 }).toBe('allowed');
  }, 120_000);

  it('leaves a signed statement of each change, which verifies', async () => {
    await client.end();
    await session.close();
    await world.broker(['agent', 'stop']);
    const { stdout } = await world.broker(['verify', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ integrity: { verdict: 'VALID' } });
    const folder = join(world.home, 'out');
    await world.broker(['export', '-o', folder]);
    const index = readFileSync(join(folder, 'index.json'), 'utf8');
    expect(index.match(/-config\.sigstore\.json/g)?.length).toBeGreaterThanOrEqual(2);
  }, 60_000);
});
