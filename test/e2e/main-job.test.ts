import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

describe('the main job, with the real binary', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('refuses to open a session before anyone signed in', async () => {
    const { code, stderr } = await world.broker(['query', 'prod-db', 'select 1']);
    expect(stderr).toContain('broker login');
    expect(code).toBe(4);
  });

  it('signs in over HTTP as a browser would, and knows who it is', async () => {
    await world.signIn();
    const { stdout, code } = await world.broker(['whoami', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ user: { sub: 'alice', groups: ['developers'] } });
    expect(code).toBe(0);
  });

  it('masks cards and e-mails, by alias and by expression too', async () => {
    const sql =
      "select id, email, card, card as x, card || '' as y, reverse(card) as z from customers order by id limit 3";
    const { stdout, stderr, code } = await world.broker(['query', 'prod-db', sql]);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain('[payment-card]');
    expect(stdout).not.toMatch(/4111|1114|5555555|customer0001@/);
  });

  it('refuses a DELETE without WHERE with the policy, a hint and exit code 3', async () => {
    const { stderr, code } = await world.broker(['query', 'prod-db', 'delete from customers']);
    expect(stderr).toContain('no-blind-writes');
    expect(stderr).toContain('add a WHERE clause');
    expect(code).toBe(3);
  });

  it('drops the ephemeral roles and lists the sessions it sealed and uploaded', async () => {
    const { stdout } = await world.broker(['sessions', 'ls', '--json']);
    const sessions = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { end: string });
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    const roles = await world.postgres.query("select rolname from pg_roles where rolname like 'broker%'");
    expect(roles).toEqual([]);
    expect(readdirSync(`${world.store}/v1`)).toContain('stmt');
  });

  it('exports and verifies what it recorded', async () => {
    const exported = await world.broker(['export', '--since', '1h', '-o', `${world.folder}/evidence`]);
    expect(exported).toMatchObject({ code: 0 });
    const verified = await world.broker(['verify', `${world.folder}/evidence`]);
    expect(verified.stdout + verified.stderr).toContain('VALID');
    expect(verified.code).toBe(0);
  });
});
