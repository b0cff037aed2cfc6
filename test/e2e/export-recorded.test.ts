// What the ledger says of exports by somebody who is signed in: asked for, and come to nothing. By the real binary and its agent.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBundle } from '../../src/model/bundle.ts';
import { startWorld, type World } from '../peers/world.ts';

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

describe('an export by somebody who is signed in', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.signIn();
    expect(await world.broker(['query', 'prod-db', 'select 1 as one'])).toMatchObject({ code: 0 });
  }, 240_000);
  afterAll(() => world?.stop());

  /** Details of the ledger's `access` statements, oldest first, once there are so many. */
  async function accesses(many: number): Promise<Record<string, unknown>[]> {
    const found = () =>
      files(join(world.store, 'v1/stmt'))
        .filter((path) => path.endsWith('-access.sigstore.json'))
        .map((path) => parseBundle(readFileSync(path)).statement.predicate)
        .sort((a, b) => a.chain.seq - b.chain.seq);
    await expect.poll(() => found().length, { timeout: 60_000 }).toBe(many);
    return found().map(({ key, detail }) => ({ key, ...detail }));
  }

  it('is recorded once when it succeeds, and a second time when it comes to nothing', async () => {
    const good = await world.broker(['export', '--since', '1h', '-o', join(world.home, 'good')]);
    expect(good.stderr).not.toContain('not recorded');
    const [first] = await accesses(1);
    expect(first).toMatchObject({ format: 'bundle' });
    expect(first).not.toHaveProperty('failed');
    const bad = await world.broker([
      ...['export', '--since', '1h', '--withhold', 'session:nobody', '-o', join(world.home, 'bad')],
    ]);
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('no such session') });
    const [, asked, failed] = await accesses(3);
    expect(asked).not.toHaveProperty('failed');
    expect(failed).toMatchObject({ format: 'bundle', failed: 'usage', of: asked?.['key'] });
  }, 240_000);

  it('leaves no record when what was asked for is wrong by itself', async () => {
    for (const wrong of [
      ['--withhold', 'nonsense'],
      ['--checkpoint', '/dev/null'],
      ['--format', 'nonsense'],
    ])
      expect((await world.broker(['export', '-o', join(world.home, 'never'), ...wrong])).code).toBe(2);
    expect(await accesses(3)).toHaveLength(3);
  }, 240_000);
});
