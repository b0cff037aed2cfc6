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
});
