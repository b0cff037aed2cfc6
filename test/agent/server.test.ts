// The control socket when its agent ends: nobody who only looks on keeps it alive.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { attach } from '../../src/agent/control.ts';
import { type Route, serve } from '../../src/agent/server.ts';

it('ends the streams of those who look on, so that closing takes no longer than they take to hear it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  let gone = false;
  const routes: readonly Route<undefined>[] = [
    {
      kind: 'json',
      method: 'GET',
      path: /^\/v1\/identity$/,
      run: () => ({ version: '1', build: 'b', pid: 1 }),
    },
    {
      kind: 'lines',
      method: 'POST',
      path: /^\/v1\/approvals$/,
      run: async (_, call) => {
        call.send({ type: 'listed' });
        await new Promise<void>((resolve) => call.gone.addEventListener('abort', () => resolve()));
        gone = true;
      },
    },
  ];
  try {
    const server = await serve(routes, undefined, folder, 'agent.sock');
    const client = await attach(join(folder, 'agent.sock'));
    const caller = { cwd: '/', home: '/', settings: {}, pid: 1 };
    const told: unknown[] = [];
    const watching = (async () => {
      for await (const message of client.approvals({ caller }, new AbortController().signal))
        told.push(message);
    })();
    await expect.poll(() => told, { timeout: 20_000 }).toEqual([{ type: 'listed' }]);
    await server.close();
    await watching.catch(() => undefined);
    await expect.poll(() => gone, { timeout: 20_000 }).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
