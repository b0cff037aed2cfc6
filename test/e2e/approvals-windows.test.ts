// Windows: asked for, approved by somebody else, used, revoked, and kept when the agent starts anew.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';
import { ASKING, answer, listed, untilAsked } from './approvals.ts';
import { openProxy } from './proxied.ts';

const WINDOWED = `${ASKING}
@id("prod-by-window")
@ask("sessions on production need a window")
@expires("5m")
forbid (principal, action == Action::"session:open", resource in Label::"env:prod")
unless { context.reason == "break glass" };
`;

describe('a window', () => {
  let alice: World;
  let dana: World;
  beforeAll(async () => {
    alice = await startWorld({ policy: WINDOWED });
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
  }, 120_000);
  afterAll(async () => {
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
  }, 60_000);

  const ask = () => alice.broker(['request', 'prod-db', '--for', '30m', '--reason', 'ticket 4711']);
  const query = (text = 'select 1 as one') => alice.broker(['query', 'prod-db', text]);

  async function openWindow(): Promise<string> {
    const asked = ask();
    const row = await untilAsked(dana);
    expect(row.what).toMatchObject({ purpose: 'window', duration: 1800, reason: 'ticket 4711' });
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect(await asked).toMatchObject({ code: 0 });
    return row.id;
  }

  it('is what a session needs that policy asks about, and the refusal says how to get it', async () => {
    const { stderr, code } = await query();
    expect(stderr).toContain('needs approval for this session (policy "prod-by-window")');
    expect(stderr).toContain('broker request prod-db --for 30m --reason');
    expect(code).toBe(3);
  }, 60_000);

  it('lets sessions in, is kept when the agent starts anew, and ends them when it is revoked', async () => {
    const id = await openWindow();
    expect(await query()).toMatchObject({ code: 0 });
    const { pid } = JSON.parse((await alice.broker(['status', '--json'])).stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 30_000 }).toBe(false);
    expect(await query()).toMatchObject({ code: 0, stderr: '' });
    const proxied = await openProxy(alice);
    expect((await alice.broker(['sessions', 'ls', '--json'])).stdout).toContain(proxied.session);
    const revoked = await dana.broker(['approvals', 'revoke', id, '--reason', 'the incident is over']);
    expect(revoked).toMatchObject({ code: 0 });
    await proxied.ended;
    await expect.poll(async () => (await query()).code, { timeout: 30_000 }).toBe(3);
    expect((await listed(dana, '--all')).find((row) => row.id === id)).toMatchObject({ state: 'revoked' });
  }, 120_000);

  it('is withdrawn when whoever asked goes, and denied when somebody says no', async () => {
    const child = alice.spawn(['request', 'prod-db', '--reason', 'in vain']);
    const row = await untilAsked(dana);
    child.kill('SIGINT');
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: 30_000,
      })
      .toBe('withdrawn');
    const asked = ask();
    const second = await untilAsked(dana);
    await answer(dana, 'dana', 'deny', second, ['--reason', 'use staging']);
    const { code, stderr } = await asked;
    expect(stderr).toContain('use staging');
    expect(code).toBe(3);
  }, 120_000);
});
