// Hosts as people have them, Claude Code and OpenCode, with broker put in front of their servers by `broker mcp install`. Only the model is scripted.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { installed, optional } from '../peers/registry.ts';
import { startWorld, type World } from '../peers/world.ts';
import { sealedSessions } from './mcp-hosted.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"execute"], resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"mcp:call"], resource);
`;

const SQL = 'select id, name, email from customers order by id limit 1';
const BLIND = 'delete from orders';

vi.setConfig({ testTimeout: 180_000 });

interface Block {
  readonly type: string;
  readonly content?: unknown;
}

interface Asked {
  readonly messages: readonly { readonly content: string | readonly Block[] }[];
  readonly tools?: readonly { readonly name: string }[];
}

/** The model wants two queries, one after the other, and then it is done. */
function wish({ messages, tools = [] }: Asked): object {
  const results = messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.filter(({ type }) => type === 'tool_result'),
  );
  const tool = tools.find(({ name }) => name.endsWith('__query'))?.name;
  if (tool === undefined || results.length >= 2) return { type: 'text', text: 'done' };
  const sql = results.length === 0 ? SQL : BLIND;
  return { type: 'tool_use', id: `toolu_${results.length}`, name: tool, input: { sql } };
}

function streamed(block: object): string {
  const use = block as { readonly type: string; readonly input?: object; readonly text?: string };
  const isTool = use.type === 'tool_use';
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-scripted', content: [] };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const delta = isTool
    ? { type: 'input_json_delta', partial_json: JSON.stringify(use.input) }
    : { type: 'text_delta', text: use.text };
  const events = [
    { type: 'message_start', message: { ...message, usage } },
    {
      type: 'content_block_start',
      index: 0,
      content_block: isTool ? { ...use, input: {} } : { ...use, text: '' },
    },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: isTool ? 'tool_use' : 'end_turn' }, usage },
    { type: 'message_stop' },
  ];
  return events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

const PACKAGES = { '@anthropic-ai/claude-code': '2.1.330', 'opencode-ai': '1.18.33' };
const hosts = await optional('mcp-hosts', async () => {
  await mcpPeers();
  return installed('mcp-hosts', PACKAGES, { scripts: true });
});

describe.runIf(hosts)('hosts as people have them', () => {
  let world: World;
  let peers: McpPeers;
  let bin: string;
  let model: Server;
  const heard: Asked[] = [];

  const run = (program: string, ...args: string[]): Promise<string> => {
    const child = spawn(join(bin, program), args, {
      cwd: join(world.home, 'project'),
      env: {
        ...world.environment,
        PATH: `${join(world.home, 'bin')}:${process.env['PATH'] ?? ''}`,
        ANTHROPIC_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}`,
        ANTHROPIC_API_KEY: 'sk-ant-scripted',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        ENABLE_TOOL_SEARCH: 'false',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return new Promise((resolve) => child.once('close', () => resolve(said)));
  };

  beforeAll(async () => {
    model = createServer((call, reply) => {
      let body = '';
      call.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      call.on('end', () => {
        if (!call.url?.startsWith('/v1/messages') || call.url.includes('count_tokens')) {
          reply.writeHead(404).end();
          return;
        }
        const asked = JSON.parse(body) as Asked;
        heard.push(asked);
        reply.writeHead(200, { 'content-type': 'text/event-stream' }).end(streamed(wish(asked)));
      });
    });
    await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
    bin = join(hosts ?? '', 'node_modules', '.bin');
    [world, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
    mkdirSync(join(world.home, 'bin'));
    mkdirSync(join(world.home, 'project'));
    symlinkSync(BROKER, join(world.home, 'bin', 'broker'));
    await world.signIn('alice');
  }, 300_000);
  afterAll(async () => {
    await world?.stop();
    model?.closeAllConnections();
    await new Promise((resolve) => model?.close(resolve));
  }, 60_000);

  it('Claude Code writes an entry, broker wraps it, and Claude Code connects through it without a session', async () => {
    const server = peers.server('@modelcontextprotocol/server-everything');
    await run('claude', 'mcp', 'add', '--scope', 'user', 'every', '--', process.execPath, server);
    const before = readFileSync(join(world.home, '.claude.json'), 'utf8');
    const wrapped = await world.broker(['mcp', 'install', 'every', '--connection', 'prod-db']);
    expect(wrapped.stdout).toContain('every of claude-code wrapped');
    expect(await run('claude', 'mcp', 'list')).toMatch(/every: .*mcp prod-db -- .*Connected/);
    expect((await world.broker(['sessions', 'ls', '--json'])).stdout.trim()).toBe('');
    await world.broker(['mcp', 'uninstall', 'every']);
    const entry = (text: string) => JSON.parse(text).mcpServers;
    expect(entry(readFileSync(join(world.home, '.claude.json'), 'utf8'))).toEqual(entry(before));
  });

  it('OpenCode connects to broker’s own tools', async () => {
    const added = await world.broker(['mcp', 'install', '--connection', 'prod-db', '--host', 'opencode']);
    expect(added.stdout).toContain('prod-db of opencode added');
    expect(await run('opencode', 'mcp', 'list')).toMatch(/prod-db.*connected/);
    expect(existsSync(join(world.home, '.config', 'opencode', 'opencode.json'))).toBe(true);
  });

  it('what the model wants through Claude Code is judged, masked and recorded, with the host and the call it came from', async () => {
    await world.broker(['mcp', 'install', '--connection', 'prod-db', '--host', 'claude-code']);
    const args = ['--allowedTools', 'mcp__prod-db__query', '--output-format', 'json'];
    const results = () =>
      heard.flatMap(({ messages }) =>
        messages.flatMap(({ content }) =>
          typeof content === 'string' ? [] : content.filter(({ type }) => type === 'tool_result'),
        ),
      );
    // Claude Code does not wait for its servers: on a slow machine the first prompts find no tools.
    for (let prompts = 0; prompts < 5 && results().length === 0; prompts += 1) {
      const said = await run('claude', '-p', 'who bought most?', ...args);
      expect(said).toContain('"result":"done"');
    }
    const told = JSON.stringify(results());
    expect(told).toContain('[email]');
    expect(told).not.toContain('@example');
    expect(told).toContain('refused');
    const [session] = (await sealedSessions(world, 1)).slice(-1);
    expect(session?.actor.name).toMatch(/^claude-code@prod-db$/);
    const claims =
      session?.events.filter(({ type }) => type === 'claim').map(({ data }) => data['value']) ?? [];
    expect(claims).toEqual(expect.arrayContaining(['toolu_0', 'toolu_1']));
    const texts = session?.events
      .filter(({ type }) => type === 'statement')
      .map(({ data }) => data['decision']);
    expect(texts).toEqual(expect.arrayContaining(['allow', 'deny']));
    expect(await world.broker(['verify', '--deep'])).toMatchObject({ code: 0 });
  });
});
