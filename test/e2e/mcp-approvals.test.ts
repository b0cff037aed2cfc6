// Calls that people are asked about, in both eras: held, told to come back, approved once, denied, withdrawn, taken over by other rules.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { startWorld, type World } from '../peers/world.ts';
import { answer, listed, untilAsked } from './approvals.ts';
import { type Hosted, hostOf, sealedSessions, type ToolResult } from './mcp-hosted.ts';

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"execute"], resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"mcp:call", Action::"mcp:list"], resource);
@id("deletes-ask")
@ask("an agent forgets things")
@expires("5m")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/delete_entities");
@id("queries-ask")
@ask("an agent reads")
@expires("5m")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/query")
when { context.arguments.json like "*orders*" };
@id("dba-approves")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

let alice: World;
let dana: World;
let peers: McpPeers;
let folder: string;
let hosted: Hosted | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'broker-held-calls-'));
  [alice, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
  dana = alice.another('dana');
  await alice.signIn('alice');
  await dana.signIn('dana');
}, 300_000);

afterEach(async () => {
  await hosted?.close();
  hosted = undefined;
});

afterAll(async () => {
  await dana?.broker(['agent', 'stop']);
  await alice?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const said = (result: ToolResult): string => result.content?.[0]?.text ?? '';

/** The official memory server behind the wrapper, with one thing in its memory. */
async function memory(hold: string): Promise<Hosted> {
  const environment = { MEMORY_FILE_PATH: join(folder, `${Date.now()}.jsonl`) };
  const server = [process.execPath, peers.server('@modelcontextprotocol/server-memory')];
  const host = await hostOf(peers, alice, ['--hold', hold, 'prod-db', '--', ...server], { environment });
  hosted = host;
  const entities = ['one', 'two'].map((name) => ({ name, entityType: 'thing', observations: [] }));
  await host.client.callTool({ name: 'create_entities', arguments: { entities } });
  return host;
}

const forget = (host: Hosted, ...entityNames: string[]): Promise<ToolResult> =>
  host.client.callTool({ name: 'delete_entities', arguments: { entityNames } }, undefined, {
    timeout: 60_000,
  });

async function known(host: Hosted): Promise<string[]> {
  const { structuredContent } = await host.client.callTool({ name: 'read_graph', arguments: {} });
  return (structuredContent as { entities: { name: string }[] }).entities.map(({ name }) => name);
}

describe('a host of the handshake era', () => {
  it('waits in its call, which goes through when another person approved exactly it', async () => {
    const host = await memory('45s');
    const call = forget(host, 'one');
    const row = await untilAsked(dana);
    expect(row.what).toMatchObject({ purpose: 'call', exact: true, titles: ['tools/call delete_entities'] });
    expect(row.what.text).toMatch(
      /^tools\/call delete_entities\n\{\n {2}"entityNames": \[\n {4}"one"\n {2}\]\n\}\n-- server [0-9a-f]{12}: node \S+server-memory\S+\n-- tool definition [0-9a-f]{64}$/,
    );
    expect(row.requester.bot).toBe('test-host@prod-db');
    expect(await known(host)).toEqual(['one', 'two']);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect((await call).isError).toBeFalsy();
    expect(await known(host)).toEqual(['two']);
    await host.close();
    const [session] = (await sealedSessions(alice, 1)).slice(-1);
    const steps = session?.events.map(({ type, data }) =>
      type === 'statement' ? `${type} ${data['decision']}` : type,
    );
    const asked = steps?.indexOf('statement ask') ?? -1;
    expect(steps?.slice(asked).filter((step) => /^approval|ask/.test(step))).toEqual([
      'statement ask',
      'approval.request',
      'approval.decision',
      'approval.end',
      'approval.use',
    ]);
    expect(await alice.broker(['verify', '--deep'])).toMatchObject({ code: 0 });
  }, 120_000);

  it('is told to come back after a while; the very same call then goes through once, another one does not', async () => {
    const host = await memory('1s');
    const pending = await forget(host, 'one');
    const row = await untilAsked(dana);
    expect(pending.isError).toBe(true);
    expect(said(pending)).toContain(`request ${row.id} waits for a person`);
    expect(said(pending)).toContain('make the very same call again');
    expect(said(await forget(host, 'one'))).toContain(row.id);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    const other = await forget(host, 'two');
    expect(said(other)).toContain('waits for a person');
    expect(said(other)).not.toContain(row.id);
    expect(await known(host)).toEqual(['one', 'two']);
    expect((await forget(host, 'one')).isError).toBeFalsy();
    expect(await known(host)).toEqual(['two']);
    const again = await forget(host, 'one');
    expect(said(again)).toContain('waits for a person');
    expect(said(again)).not.toContain(row.id);
  }, 120_000);

  it('is told once that somebody denied it, and asks anew after that', async () => {
    const host = await memory('1s');
    await forget(host, 'one');
    const row = await untilAsked(dana);
    expect(await answer(dana, 'dana', 'deny', row, ['--reason', 'keep it'])).toMatchObject({ code: 0 });
    await expect
      .poll(async () => said(await forget(host, 'one')), { timeout: 20_000 })
      .toContain(`request ${row.id} was denied by`);
    expect(said(await forget(host, 'one'))).toContain('waits for a person');
    expect(await known(host)).toEqual(['one', 'two']);
  }, 120_000);

  it('takes the request back by cancelling, and by leaving', async () => {
    const host = await memory('45s');
    const stop = new AbortController();
    const call = host.client.callTool(
      { name: 'delete_entities', arguments: { entityNames: ['one'] } },
      undefined,
      { signal: stop.signal },
    );
    call.catch(() => undefined);
    const row = await untilAsked(dana);
    stop.abort('not wanted');
    await expect(call).rejects.toThrow();
    const state = async (id: string) => (await listed(dana, '--all')).find((each) => each.id === id)?.state;
    await expect.poll(() => state(row.id), { timeout: 20_000 }).toBe('withdrawn');
    const left = forget(host, 'two').catch(() => undefined);
    const second = await untilAsked(dana);
    await host.close();
    await left;
    await expect.poll(() => state(second.id), { timeout: 20_000 }).toBe('withdrawn');
  }, 120_000);

  it('makes one call twice at once: one approval lets one of them through', async () => {
    const host = await memory('3s');
    const calls = [forget(host, 'one'), forget(host, 'one')];
    const row = await untilAsked(dana);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    const results = await Promise.all(calls);
    const passed = results.filter(({ isError }) => !isError).length;
    // Whoever came back before the answer is told to come again.
    if (passed === 0) expect((await forget(host, 'one')).isError).toBeFalsy();
    else expect(passed).toBe(1);
    expect(said(await forget(host, 'one'))).toContain('waits for a person');
  }, 120_000);
});

describe('a host of the stateless era', () => {
  const ORDERS = { name: 'query', arguments: { sql: 'select count(*) from orders' } };

  const stateless = async (hold: string, capabilities = {}, prepare?: (client: Hosted['client']) => void) => {
    hosted = await hostOf(peers, alice, ['--hold', hold, 'prod-db'], {
      sdk: 2,
      mode: '2026-07-28',
      capabilities,
      ...(prepare ? { prepare } : {}),
    });
    return hosted;
  };

  it('is asked for input with our requestState until the call is approved', async () => {
    const host = await stateless('2s');
    const call = host.client.callTool(ORDERS, undefined, { timeout: 60_000 });
    const row = await untilAsked(dana);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect(await call).toMatchObject({ structuredContent: { command: 'SELECT' } });
    expect((await listed(dana)).filter(({ state }) => state === 'pending')).toEqual([]);
  }, 120_000);
});
