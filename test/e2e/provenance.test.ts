// From a prompt to rows: a scripted model behind the providers' own libraries, an agent process, official MCP clients, a real database, and what
// `broker sessions show` draws of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { peer, which } from '../peers/peer.ts';
import { startTmux } from '../peers/tmux.ts';
import { startWorld, type World } from '../peers/world.ts';

const POLICY = `
@id("developers")
permit (principal in Group::"developers", action, resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"mcp:call"], resource);
`;

vi.setConfig({ testTimeout: 180_000 });

const SQL = 'select id, email from customers order by id limit 2';
const BLIND = 'delete from orders';
/** Acts on whoever shows it carelessly. */
const HOSTILE = 'who\u001b]0;owned\u0007 paid \u202e4111 1111 1111 1111\u001b[2J?';

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly input: object;
}

/** What the model wants, by its alias. */
const SCRIPT: Readonly<Record<string, readonly Wanted[]>> = {
  'claude-alias': [
    { id: 'toolu_read', name: 'mcp__prod-db__query', input: { sql: SQL } },
    { id: 'toolu_blind', name: 'mcp__prod-db__query', input: { sql: BLIND } },
    { id: 'toolu_other', name: 'mcp__prod-db__query', input: { sql: 'select 1' } },
  ],
  'gpt-alias': [{ id: 'call_gpt', name: 'query', input: { sql: 'select count(*) as n from customers' } }],
  'gpt-direct': [{ id: 'call_shell', name: 'shell', input: { command: 'select 42 as answer' } }],
};

function anthropic(model: string): string {
  const events: { type: string; [key: string]: unknown }[] = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-2026',
        content: [],
        usage: {},
      },
    },
  ];
  (SCRIPT[model] ?? []).forEach(({ id, name, input }, index) => {
    events.push({
      type: 'content_block_start',
      index,
      content_block: { type: 'tool_use', id, name, input: {} },
    });
    for (const part of JSON.stringify(input).match(/.{1,7}/g) ?? [])
      events.push({
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json: part },
      });
    events.push({ type: 'content_block_stop', index });
  });
  events.push({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } });
  events.push({ type: 'message_stop' });
  return events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

function openai(model: string): string {
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-2026' };
  const chunk = (delta: object, reason: string | null = null) =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  const calls = (SCRIPT[model] ?? []).map(({ id, name, input }, index) => {
    const text = JSON.stringify(input);
    const half = text.length >> 1;
    const piece = (more: object) => chunk({ tool_calls: [{ index, ...more }] });
    return (
      piece({ id, type: 'function', function: { name, arguments: text.slice(0, half) } }) +
      piece({ function: { arguments: text.slice(half) } })
    );
  });
  return `${chunk({ role: 'assistant', content: '' })}${calls.join('')}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
}

/** A host as AI agents are built, on official libraries throughout. */
const agent = (modules: string, peers: string, broker: string) => `
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { execFileSync } from 'node:child_process';
const own = createRequire('${modules}/package.json');
const foreign = createRequire('${peers}/package.json');
const load = async (require, name) => import(pathToFileURL(require.resolve(name)).href);
const { default: Anthropic } = await load(own, '@anthropic-ai/sdk');
const { default: OpenAI } = await load(own, 'openai');
const { Client } = await load(foreign, '@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = await load(foreign, '@modelcontextprotocol/sdk/client/stdio.js');
const prompt = ${JSON.stringify(HOSTILE)};
const claude = await new Anthropic({ apiKey: 'k', maxRetries: 0 }).messages
  .stream({ model: 'claude-alias', max_tokens: 64, messages: [{ role: 'user', content: prompt }] }).finalMessage();
const gpt = async model => (await new OpenAI({ apiKey: 'k', maxRetries: 0 }).chat.completions
  .stream({ model, messages: [{ role: 'user', content: 'how many?' }], tools: [] }).finalChatCompletion()).choices[0].message;
const client = new Client({ name: 'host', version: '1.0' }, { capabilities: {} });
await client.connect(new StdioClientTransport({ command: process.execPath, args: ['${broker}', 'mcp', 'prod-db'], env: process.env, stderr: 'inherit' }));
const call = (id, args) => client.callTool({ name: 'query', arguments: args, _meta: { 'claudecode/toolUseId': id } }).catch(error => ({ error: String(error) }));
for (const use of claude.content.filter(each => each.type === 'tool_use'))
  // The last one is called with other arguments than the model gave.
  await call(use.id, use.id === 'toolu_other' ? { sql: 'select 2' } : use.input);
for (const { id, function: { arguments: args } } of (await gpt('gpt-alias')).tool_calls) await call(id, JSON.parse(args));
await client.close();
const [direct] = (await gpt('gpt-direct')).tool_calls;
console.log(execFileSync('psql', [process.env.DATABASE_URL, '-Atc', JSON.parse(direct.function.arguments).command], { encoding: 'utf8' }).trim());
`;

interface Use {
  readonly id: string;
  readonly exchange: { readonly session: string; readonly answered: string; readonly asked: string };
}

interface Shown {
  readonly session: { readonly id: string; readonly client: string };
  readonly provenance: {
    readonly calls: readonly {
      readonly level: string;
      readonly uses: readonly Use[];
      readonly statements: readonly { readonly sameText: boolean }[];
      readonly conflicts: readonly string[];
    }[];
    readonly direct: readonly { readonly level: string; readonly uses: readonly Use[] }[];
  };
}

describe.runIf(peer('psql'))('an AI agent from its prompt to rows', () => {
  let world: World;
  let peers: McpPeers;
  let provider: Server;
  const sessions: Record<string, string> = {};

  const show = async (session: string) => {
    const { code, stdout, stderr } = await world.broker(['sessions', 'show', session, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Shown;
  };

  beforeAll(async () => {
    peers = await mcpPeers();
    provider = createServer((call, reply) => {
      let body = '';
      call.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      call.on('end', () => {
        const { model } = JSON.parse(body) as { model: string };
        reply.writeHead(200, { 'content-type': 'text/event-stream' });
        reply.end(call.url?.includes('messages') ? anthropic(model) : openai(model));
      });
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    world = await startWorld({
      policy: POLICY,
      environment: { ANTHROPIC_BASE_URL: base, OPENAI_BASE_URL: `${base}/v1` },
    });
    // What a session was lent is no business of the agent it runs, and a second front beneath the agent needs it too.
    const file = join(world.home, '.config', 'broker', 'broker.yaml');
    const text = readFileSync(file, 'utf8')
      .replace('password_variable: SHOP_ADMIN_PASSWORD', 'secret: shop-admin')
      .replace('    labels: [env:prod]', '    labels: [env:prod]\n    recording: { prompts: text }');
    writeFileSync(file, text, { mode: 0o600 });
    await world.broker(['secrets', 'set', 'shop-admin'], `${world.postgres.superuser.password}\n`);
    await world.signIn();
    const modules = new URL('../../node_modules', import.meta.url).pathname;
    const broker = new URL('../../bin/broker.js', import.meta.url).pathname;
    writeFileSync(join(world.home, 'agent.mjs'), agent(modules, peers.folder, broker));
    const host = [process.execPath, join(world.home, 'agent.mjs')];
    const done = await world.broker(['run', '--with', 'prod-db', '--as', 'host', '--', ...host]);
    expect(done).toMatchObject({ code: 0, stdout: '42\n' });
    const { stdout } = await world.broker(['sessions', 'ls', '--json']);
    for (const line of stdout.trim().split('\n')) {
      const { session: id } = JSON.parse(line) as { session: string };
      sessions[(await show(id)).session.client] = id;
    }
  }, 300_000);
  afterAll(async () => {
    await world?.stop();
    provider?.closeAllConnections();
    await new Promise((resolve) => provider?.close(resolve));
  }, 60_000);

  it('joins each call with the exchange that asked for it, in another session of the same person', async () => {
    const { provenance } = await show(sessions['mcp'] ?? '');
    const [read, blind, other, counted] = provenance.calls;
    expect(provenance.calls).toHaveLength(4);
    expect(read).toMatchObject({
      level: 'P4',
      uses: [
        {
          id: 'toolu_read',
          exchange: { asked: 'claude-alias', answered: 'claude-2026', session: sessions['run'] },
        },
      ],
      conflicts: [],
    });
    expect(read?.statements.some(({ sameText }) => sameText)).toBe(true);
    // Refused at the database, and on record as what the model wanted.
    expect(blind).toMatchObject({ level: 'P4', uses: [{ id: 'toolu_blind' }] });
    expect(other).toMatchObject({
      level: 'P2',
      uses: [],
      conflicts: ['the model gave toolu_other other arguments'],
    });
    expect(counted).toMatchObject({
      level: 'P4',
      uses: [{ id: 'call_gpt', exchange: { answered: 'gpt-2026' } }],
    });
  });

  it('joins a statement that the agent ran by itself with the text its model generated', async () => {
    const { provenance } = await show(sessions['run'] ?? '');
    expect(provenance.direct).toMatchObject([
      { level: 'P3', uses: [{ id: 'call_shell', exchange: { asked: 'gpt-direct' } }] },
    ]);
  });

  it('names the calls that its model asked for in other sessions', async () => {
    const { stdout } = await world.broker(['sessions', 'show', sessions['run'] ?? '']);
    const drawn = stdout.slice(stdout.indexOf('what its model asked for in other sessions'));
    expect(drawn).toContain(`session ${sessions['mcp']} on prod-db`);
    expect(
      drawn.match(/^P4 {2}call \d · tools\/call query · (toolu_read|toolu_blind|call_gpt)$/gm),
    ).toHaveLength(3);
  });

  it('draws the chain with masked rows and nothing that could act on a terminal', async () => {
    const { stdout } = await world.broker(['sessions', 'show', sessions['mcp'] ?? '']);
    const chain = stdout.slice(stdout.indexOf('\nprovenance\n'));
    for (const text of [
      'P4  call 1',
      'claude-2026, asked as claude-alias',
      'toolu_read',
      SQL,
      '2 rows',
      'conflict',
      'host host 1.0 · clientInfo',
    ])
      expect(chain).toContain(text);
    expect(chain).toContain('“who\\e]0;owned\\x07 paid');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).not.toContain('4111 1111');
    expect(chain).not.toMatch(/[a-z]@[a-z]+\.(com|org|example)/);
  });

  it.runIf(peer('tmux'))('fits a terminal of 80 and of 200 columns', async () => {
    for (const columns of [80, 200]) {
      const broker = new URL('../../bin/broker.js', import.meta.url).pathname;
      const terminal = startTmux({ environment: world.environment, cwd: world.home, columns, rows: 140 });
      try {
        terminal.type(`'${process.execPath}' '${broker}' sessions show ${sessions['mcp']}; echo "the" "end"`);
        const screen = await terminal.until(/^the end$/m);
        if (process.env['SHOW_SCREEN']) console.log(screen);
        const chain = screen.slice(screen.indexOf('provenance'));
        expect(chain).toContain('P4  call 1');
        // No line of the chain ran over: each begins as the drawing does.
        for (const line of chain.split('\n').slice(1))
          expect(line).toMatch(/^(P\d[ :]| {4}([│├└] |host )|the end|\$|$)/);
      } finally {
        terminal.stop();
      }
    }
  });

  it.runIf(peer('chromium'))(
    'is drawn on the evidence page, inert, and written beside exported events',
    async () => {
      const page = join(world.folder, 'page');
      const lines = join(world.folder, 'lines');
      for (const [format, output] of [
        ['html', page],
        ['jsonl', lines],
      ] as const)
        expect(
          await world.broker(['export', '--since', '1h', '--format', format, '-o', output]),
        ).toMatchObject({ code: 0 });
      const told = readFileSync(join(lines, 'provenance.jsonl'), 'utf8').trim().split('\n');
      expect(told.map((line) => (JSON.parse(line) as { session: string }).session).sort()).toEqual(
        Object.values(sessions).sort(),
      );
      const browser = await chromium.launch({
        executablePath: which('chromium') ?? '',
        args: ['--no-sandbox'],
      });
      try {
        const tab = await browser.newPage({ viewport: { width: 390, height: 900 } });
        const complaints: string[] = [];
        tab.on('console', (message) => complaints.push(message.text()));
        tab.on('pageerror', (error) => complaints.push(String(error)));
        await tab.goto(`file://${page}/evidence.html#s/${sessions['mcp']}`);
        const text = (await tab.locator('main').textContent()) ?? '';
        expect(text).toContain('claude-2026, asked as claude-alias');
        expect(text).toContain('conflict: the model gave toolu_other other arguments');
        expect(text).toContain('who\\u{1b}]0;owned');
        expect(text).not.toContain('4111 1111');
        expect(await tab.locator('article .badge', { hasText: /^P4$/ }).count()).toBe(3);
        const wide = await tab.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(wide).toBe(0);
        if (process.env['BROKER_SCREENSHOTS'])
          await tab.screenshot({
            path: join(process.env['BROKER_SCREENSHOTS'], 'provenance.png'),
            fullPage: true,
          });
        await tab
          .locator('main a', { hasText: sessions['run'] ?? '' })
          .first()
          .click();
        expect(await tab.locator('#title').textContent()).toBe(`Session ${sessions['run']}`);
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});
