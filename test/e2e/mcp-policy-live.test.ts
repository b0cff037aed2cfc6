// A live MCP session while policy changes: from the next call on the new policy decides, although the calls are decided in the front.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { startWorld, type World } from '../peers/world.ts';
import { hostOf, sealedSessions } from './mcp-hosted.ts';

const POLICY = `
@id("people") permit (principal in Group::"developers", action in [Action::"session:open", Action::"mcp:call"], resource);
@id("bots") permit (principal is Bot, action in [Action::"session:open", Action::"mcp:call"], resource);
`;
const FORBID =
  '\n@id("no-echo") forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/echo");\n';

let world: World;
let peers: McpPeers;
beforeAll(async () => {
  [world, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
  await world.signIn('alice');
}, 300_000);
afterAll(() => world?.stop());

it('decides a call by the policy that is in force now', async () => {
  const server = peers.server('@modelcontextprotocol/server-everything');
  const hosted = await hostOf(peers, world, ['prod-db', '--', process.execPath, server]);
  const echo = async () => {
    const { content } = await hosted.client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    return content?.[0]?.text;
  };
  expect(await echo()).toBe('Echo: hello');
  const file = join(world.home, '.config', 'broker', 'policy.cedar');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text + FORBID, { mode: 0o600 });
  await expect.poll(echo, { timeout: 30_000, interval: 250 }).toContain('no-echo');
  writeFileSync(file, text, { mode: 0o600 });
  await expect.poll(echo, { timeout: 30_000, interval: 250 }).toBe('Echo: hello');
  await hosted.close();
  const [session] = await sealedSessions(world, 1);
  const digests = session?.events
    .filter(({ type }) => type === 'statement')
    .map(({ data }) => data['policyDigest']);
  expect(new Set(digests).size).toBe(2);
  const verified = await world.broker(['verify', '--json']);
  expect(JSON.parse(verified.stdout)).toMatchObject({ integrity: { verdict: 'VALID' } });
}, 180_000);
