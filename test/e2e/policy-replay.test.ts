import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

const STRICTER = `permit (principal in Group::"developers", action, resource);
@id("no-updates") forbid (principal in Group::"developers", action == Action::"sql:update", resource in Label::"env:prod");
`;

describe('a stricter policy and a session that was really recorded', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.signIn();
    for (const sql of ['select count(*) from orders', 'update orders set id = id where id = 1'])
      expect(await world.broker(['query', 'prod-db', sql])).toMatchObject({ code: 0 });
    await world.broker(['agent', 'stop']);
    writeFileSync(join(world.home, 'new.cedar'), STRICTER);
    writeFileSync(
      join(world.home, 'same.cedar'),
      'permit (principal in Group::"developers", action, resource);',
    );
  }, 120_000);
  afterAll(() => world?.stop());

  const replay = (...args: string[]) => world.broker(['policy', 'test', '--replay', ...args]);

  it('finds the statement it would have stopped, by whom, and by which rule', async () => {
    const { code, stdout } = await replay('--since', '1h', '--against', 'new.cedar');
    expect(stdout).toMatch(/newly denied {2}\S+\/\d+ .* alice {2}prod-db\n {4}update orders/);
    expect(stdout).toMatch(/allow \(developers-work\) → deny \(no-updates at .*new\.cedar:2:1\)/);
    expect(stdout).toMatch(/of 2 sessions decided again: 1 newly denied, 0 newly asks, 0 newly allowed/);
    expect(stdout).not.toContain('incomplete');
    expect(code).toBe(3);
  }, 60_000);

  it('says the same to a program, line by line', async () => {
    const { code, stdout } = await replay('--against', 'new.cedar', '--json');
    const [row, last] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(row).toMatchObject({
      change: 'newly denied',
      user: 'alice',
      was: { outcome: 'allow' },
      now: { outcome: 'deny' },
    });
    expect(last).toMatchObject({ summary: { sessions: 2, changes: { 'newly denied': 1 } } });
    expect(code).toBe(3);
  }, 60_000);

  it('finds nothing where nothing would change', async () => {
    const { code, stdout } = await replay('--against', 'same.cedar');
    expect(stdout).toMatch(/: 0 newly denied, 0 newly asks, 0 newly allowed/);
    expect(code).toBe(0);
  }, 60_000);

  const changed = async (): Promise<{ session: string; statement: number }> => {
    const { stdout } = await replay('--against', 'new.cedar', '--json');
    return JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as { session: string; statement: number };
  };

  it('explains one recorded statement by the policy of then, and by another', async () => {
    const { session, statement } = await changed();
    const reference = `${session}/${statement}`;
    writeFileSync(join(world.home, 'policy.cedar'), '@id("now") forbid (principal, action, resource);');
    const then = await world.broker(['policy', 'explain', reference]);
    expect(then).toMatchObject({ code: 0, stderr: expect.stringContaining('broker verify') });
    expect(then.stdout).toMatch(/^allow\n {2}update orders set id = id where id = 1\n/);
    expect(then.stdout).toContain(`  ${reference}  `);
    expect(then.stdout).toMatch(/answered then: allow \(developers-work\)\n/);
    expect(then.stdout).toMatch(
      /allow {2}sql:update on Table prod-db\/public\.orders {2}\(developers-work\)/,
    );
    expect(then.stdout).toContain('@id("developers-work")');
    const other = await world.broker(['policy', 'explain', reference, '--against', 'new.cedar', '--json']);
    expect(JSON.parse(other.stdout)).toMatchObject({
      session,
      was: { outcome: 'allow', policies: ['developers-work'] },
      decision: { outcome: 'deny', policies: ['no-updates'] },
      approximate: false,
    });
  }, 60_000);

  it('says what is wrong with a reference', async () => {
    const { session } = await changed();
    const explain = (...args: string[]) => world.broker(['policy', 'explain', ...args]);
    expect(await explain(`${session}/99`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no recorded statement 99'),
    });
    expect(await explain('prod-db')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SESSION/NUMBER'),
    });
    expect(await explain('nowhere/1')).toMatchObject({ stderr: expect.stringContaining('nowhere') });
    expect(await explain('prod-db', 'SELECT 1', '--against', 'new.cedar')).toMatchObject({ code: 2 });
    expect(await explain(`${session}/1`, '--as-group', 'x')).toMatchObject({ code: 2 });
  }, 60_000);
});
