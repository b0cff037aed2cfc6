// A session that outlives several ID tokens: renewed while it runs, signed under what was valid at each moment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

describe('ID tokens that live for twenty seconds', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ provider: { ttl: { idToken: 20, accessToken: 20 } } });
    await world.signIn();
  }, 60_000);
  afterAll(() => world.stop(), 60_000);

  it('carry a session of thirty seconds, whose evidence is VALID and COMPLETE', async () => {
    const asked = await world.broker(['query', 'prod-db', 'select pg_sleep(30)']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    const log = readFileSync(join(world.home, '.local', 'state', 'broker', 'agent.log'), 'utf8');
    expect(log.match(/sign-in renewed/g)?.length).toBeGreaterThan(1);
    const { stdout, stderr, code } = await world.broker(['verify', '--since', '1d', '--json']);
    expect(stderr).toBe('');
    const { integrity, completeness } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ integrity, completeness }).toEqual({
      integrity: { verdict: 'VALID', findings: [] },
      completeness: { verdict: 'COMPLETE', findings: [] },
    });
    expect(code).toBe(0);
  }, 90_000);
});
