// Stopping and asking again at once: nobody meets an agent on its way out.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

describe('an agent that stops', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.signIn();
  }, 60_000);
  afterAll(() => world.stop(), 60_000);

  it('is gone when the command that stopped it returns, and the next command gets another', async () => {
    for (const now of [[], ['--now']]) {
      const stopped = await world.broker(['agent', 'stop', ...now, '--json']);
      expect(stopped).toMatchObject({ code: 0, stdout: '{"stopped":true}\n' });
      expect(existsSync(join(world.home, 'run', 'broker', 'agent.sock'))).toBe(false);
      expect(await world.broker(['query', 'prod-db', 'select 1', '--csv'])).toMatchObject({ code: 0 });
    }
  }, 30_000);

  it('is waited for by a command that meets it on its way out', async () => {
    const { stdout } = await world.broker(['agent', 'status', '--json']);
    process.kill((JSON.parse(stdout) as { pid: number }).pid, 'SIGTERM');
    const asked = await world.broker(['query', 'prod-db', 'select 1', '--csv']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
  }, 30_000);
});
