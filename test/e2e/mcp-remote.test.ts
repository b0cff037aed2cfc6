// `broker mcp --url`: official clients on one side, real remote servers on the other, in both eras.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import {
  type OfficialPeer,
  startDbhub,
  startEverything,
  startExample,
  startOfficial,
} from '../peers/mcp-remote.ts';
import { startWorld, type World } from '../peers/world.ts';
import { type Hosted, hostOf, sealedSessions } from './mcp-hosted.ts';

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"execute"], resource);

@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"mcp:call", Action::"mcp:list", Action::"mcp:read", Action::"mcp:sample", Action::"mcp:elicit", Action::"mcp:roots"], resource);

@id("no-sums")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"tickets/get-sum");
`;

/** Each starts several processes, and some an agent. */
vi.setConfig({ testTimeout: 120_000 });

let world: World;
let peers: McpPeers;
let everything: Awaited<ReturnType<typeof startEverything>>;
let open: OfficialPeer;
let guarded: OfficialPeer;

const connections = (named: Readonly<Record<string, string>>) =>
  Object.entries(named)
    .map(([name, url]) => `  ${name}:\n    type: mcp\n    url: ${url}\n`)
    .join('');

beforeAll(async () => {
  peers = await mcpPeers();
  [everything, open] = await Promise.all([startEverything(peers), startOfficial(peers)]);
  world = await startWorld({
    policy: POLICY,
    provider: { registration: true },
    connections: `${connections({ tickets: everything.url, plain: open.url, kept: open.url })}    credential: { source: keychain, user: alice, secret: tickets-token }\n`,
  });
  guarded = await startOfficial(peers, { issuer: world.provider.issuer });
  await world.signIn('alice');
}, 300_000);

afterAll(async () => {
  await world?.stop();
  await Promise.all([everything?.stop(), open?.stop(), guarded?.stop()]);
}, 60_000);

async function soon(check: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const textOf = (result: { content?: readonly { text?: string }[] }) => result.content?.[0]?.text ?? '';
const echo = (hosted: Hosted, message: string) =>
  hosted.client.callTool({ name: 'echo', arguments: { message } });

describe('server-everything over streamable HTTP, by the client of the handshake era', () => {
  it('answers, is judged, masked and recorded as a server of this machine is', async () => {
    const hosted = await hostOf(peers, world, ['tickets']);
    const { tools } = await hosted.client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    expect(tools.map(({ name }) => name)).not.toContain('get-sum');
    expect(textOf(await echo(hosted, 'hello'))).toBe('Echo: hello');
    expect(JSON.stringify(await echo(hosted, 'card 4111 1111 1111 1111'))).not.toContain('4111');
    const sum = await hosted.client.callTool({ name: 'get-sum', arguments: { a: 1, b: 2 } });
    expect(sum.isError).toBe(true);
    await hosted.close();
    const [session] = await sealedSessions(world, 1);
    expect(session?.actor).toMatchObject({ kind: 'bot', name: 'test-host@tickets' });
    expect(session?.session).toMatchObject({ client: 'mcp', end: 'closed' });
    const calls = session?.events
      .filter(({ type }) => type === 'statement')
      .map(({ data }) => data['decision']);
    expect(calls).toEqual(['allow', 'allow', 'deny']);
    expect(JSON.stringify(session)).not.toContain('4111 1111');
  });

  it('goes on when the server was restarted and has forgotten the session', async () => {
    const server = await startEverything(peers);
    const hosted = await hostOf(peers, world, ['tickets', '--url', server.url]).catch(
      (error: unknown) => error,
    );
    // The connection is another server: nobody lends its name to a second one.
    expect(String(hosted)).toContain(everything.url);
    await server.stop();
    const again = await hostOf(peers, world, ['tickets']);
    expect(textOf(await echo(again, 'one'))).toBe('Echo: one');
    await everything.stop();
    const down = await echo(again, 'two');
    expect(down.isError).toBe(true);
    expect(textOf(down)).toContain('cannot be reached');
    everything = await startEverything(peers, everything.port);
    expect(textOf(await echo(again, 'three'))).toBe('Echo: three');
    await again.close();
  });
});

describe('the stateless era over HTTP, by the official client and server of version 2', () => {
  it('repeats in headers what the revision wants, and leaves out a tool that says it wrongly', async () => {
    const hosted = await hostOf(peers, world, ['plain'], { sdk: 2, mode: 'auto' });
    const names = (await hosted.client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(['echo', 'write', 'place']);
    const given = { region: 'Süd', count: 42 };
    const placed = await hosted.client.callTool({ name: 'place', arguments: given });
    expect(JSON.parse(textOf(placed))).toEqual(given);
    await hosted.close();
    const calls = open.seen.filter(({ body }) => body.includes('"tools/call"'));
    expect(calls).toHaveLength(1);
    expect(calls[0]?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'place',
      'mcp-param-region': '=?base64?U8O8ZA==?=',
      'mcp-param-count': '42',
    });
    expect(open.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(open.seen.some(({ headers }) => headers['mcp-session-id'] !== undefined)).toBe(false);
  });

  it('serves a client of the handshake era from the same server', async () => {
    const hosted = await hostOf(peers, world, ['plain'], { sdk: 2, mode: 'legacy' });
    expect(textOf(await echo(hosted, 'hello'))).toContain('hello');
    await hosted.close();
  });
});

/** Signs in at a remote server as a person would, over HTTP. */
async function signInAt(args: readonly string[], account = 'alice'): Promise<string> {
  const child = world.spawn(['login', ...args, '--no-browser']);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = () => /https?:\/\/\S+(?=\s)/.exec(err)?.[0];
  await soon(() => url() !== undefined || child.exitCode !== null, `an address to sign in at: ${err}`);
  const landed = await world.provider.redirectOverHttp(url() ?? '', account);
  child.stdin?.end(`${landed}\n`);
  expect({ code: await ended, err: err.replace(/[\s\S]*/, '') }).toMatchObject({ code: 0 });
  return out;
}

describe('a server that wants to know who asks', () => {
  const args = () => ['prod-db', '--url', guarded.url];

  it('tells what helps until somebody signs in, then goes on; steps up, renews, and forgets', async () => {
    const hosted = await hostOf(peers, world, args());
    expect(hosted.client.getInstructions()).toContain('broker login prod-db --url');
    const refused = await hosted.client.listTools().then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(refused).toContain('broker login prod-db --url');
    const unasked = await echo(hosted, 'nobody');
    expect(unasked.isError).toBe(true);
    expect(textOf(unasked)).toContain('broker login prod-db --url');
    let changed = 0;
    const { ToolListChangedNotificationSchema } = await peers.load<{
      ToolListChangedNotificationSchema: object;
    }>('@modelcontextprotocol/sdk/types.js');
    const client = hosted.client as unknown as {
      setNotificationHandler(schema: object, run: () => void): void;
    };
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changed += 1;
    });
    expect(await signInAt(args())).toContain('signed in at');
    await soon(() => changed > 0, 'the host is told that tools have changed');
    expect((await hosted.client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    expect(textOf(await echo(hosted, 'hello'))).toContain('hello');

    const step = await hosted.client.callTool({ name: 'write', arguments: { message: 'x' } });
    expect(step.isError).toBe(true);
    expect(textOf(step)).toContain('mcp:write');
    await signInAt(args());
    const written = await hosted.client.callTool({ name: 'write', arguments: { message: 'x' } });
    expect(written.isError ?? false).toBe(false);

    // A token that is not believed any more is renewed without anybody noticing.
    const tokens = new Set(
      guarded.seen.flatMap(({ headers }) => headers.authorization?.slice('Bearer '.length) ?? []),
    );
    guarded.believe((token) => !tokens.has(token));
    expect(textOf(await echo(hosted, 'renewed'))).toContain('renewed');

    const gone = await world.broker(['logout', ...args()]);
    expect(gone).toMatchObject({ code: 0, stdout: 'signed out\n' });
    guarded.believe(() => false);
    const after = await echo(hosted, 'again');
    expect(textOf(after)).toContain('broker login');
    guarded.believe(undefined);
    await hosted.close();
  });

  it('sends its token to that server only, and never in an address', () => {
    const tokens = guarded.seen.flatMap(({ headers }) => headers.authorization ?? []);
    expect(tokens.length).toBeGreaterThan(0);
    expect(guarded.seen.every(({ path }) => !path.includes('ey'))).toBe(true);
    expect(open.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe('servers nobody here wrote', () => {
  it('the official example signs in at its own authorization server, and keeps its session', async () => {
    const example = await startExample(peers);
    try {
      const args = ['prod-db', '--url', example.url];
      const hosted = await hostOf(peers, world, args);
      expect(hosted.client.getInstructions()).toContain('broker login');
      const child = world.spawn(['login', ...args, '--no-browser']);
      let err = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const url = () => /http:\/\/localhost\S+authorize\S+(?=\s)/.exec(err)?.[0];
      await soon(() => url() !== undefined || child.exitCode !== null, `an address: ${err}`);
      const redirected = await fetch(url() ?? '', { redirect: 'manual' });
      child.stdin?.end(`${redirected.headers.get('location')}\n`);
      expect({ code: await ended, err: err.replace(url() ?? '', '') }).toMatchObject({ code: 0 });
      const greeted = await hosted.client.callTool({ name: 'greet', arguments: { name: 'alice' } });
      expect(textOf(greeted)).toBe('Hello, alice!');
      const resumable = await hosted.client.callTool({
        name: 'start-notification-stream',
        arguments: { interval: 10, count: 3 },
      });
      expect(textOf(resumable)).toContain('10ms');
      await hosted.close();
    } finally {
      await example.stop();
    }
  });

  it('dbhub over http', async () => {
    const { port, superuser } = world.postgres;
    const dsn = `postgres://${superuser.user}:${superuser.password}@127.0.0.1:${port}/shop?sslmode=disable`;
    const dbhub = await startDbhub(peers, dsn);
    try {
      const hosted = await hostOf(peers, world, ['prod-db', '--url', dbhub.url], { sdk: 2, mode: 'legacy' });
      const found = await hosted.client.callTool({
        name: 'execute_sql',
        arguments: { sql: 'select id, email from customers order by id limit 2' },
      });
      expect(found.isError ?? false).toBe(false);
      // It has a way of its own to the database: what it says is masked by content alone.
      expect(JSON.stringify(found)).not.toMatch(/[a-z]@[a-z]+\.(com|org|example)/);
      await hosted.close();
    } finally {
      await dbhub.stop();
    }
  });
});

describe('a connection that is a remote server', () => {
  it('is used by `broker mcp` and nothing else, and its evidence verifies', async () => {
    const connect = await world.broker(['query', 'plain', 'select 1']);
    expect(connect).toMatchObject({ code: 3, stdout: '' });
    expect(connect.stderr).toContain('broker mcp plain');
    const shown = await world.broker(['connections', 'show', 'plain']);
    expect(shown.stdout).toContain(open.url);
    const tested = await world.broker(['connections', 'test', 'plain']);
    expect(tested).toMatchObject({ code: 0 });
    expect(await world.broker(['config', 'check'])).toMatchObject({ code: 0 });
    const none = await world.broker(['login', 'prod-db']);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('--url');
    const openOne = await world.broker(['login', 'plain', '--json']);
    expect(JSON.parse(openOne.stdout)).toMatchObject({ connection: 'plain', state: 'open' });
    const verified = await world.broker(['verify', '--since', '1h']);
    expect(verified).toMatchObject({ code: 0 });
  });

  it('takes a token that a person keeps', async () => {
    await world.broker(['secrets', 'set', 'tickets-token'], 'kept-token\n');
    const hosted = await hostOf(peers, world, ['kept']);
    await hosted.client.listTools().catch(() => undefined);
    await echo(hosted, 'hello').catch(() => undefined);
    await hosted.close();
    expect(open.seen.some(({ headers }) => headers.authorization === 'Bearer kept-token')).toBe(true);
  });
});

describe('what a remote server asks of the host', () => {
  it('passes policy on its way: its model is asked, and answers', async () => {
    const { CreateMessageRequestSchema } = await peers.load<{ CreateMessageRequestSchema: object }>(
      '@modelcontextprotocol/sdk/types.js',
    );
    const hosted = await hostOf(peers, world, ['tickets'], {
      capabilities: { sampling: {} },
      prepare: (client) =>
        client.setRequestHandler(CreateMessageRequestSchema, () => ({
          model: 'model-of-the-host',
          role: 'assistant',
          content: { type: 'text', text: 'sampled' },
        })),
    });
    const names = (await hosted.client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain('trigger-sampling-request');
    const sampled = await hosted.client.callTool({
      name: 'trigger-sampling-request',
      arguments: { prompt: 'hello', maxTokens: 10 },
    });
    expect(JSON.stringify(sampled)).toContain('sampled');
    await hosted.close();
  });
});

describe('a grant', () => {
  it('of one person is not used for another on the same machine', async () => {
    await world.broker(['logout']);
    const none = await hostOf(peers, world, ['prod-db', '--url', guarded.url]);
    expect(none.client.getInstructions()).toContain('broker login');
    await none.close();
    await world.signIn('alice');
    await signInAt(['prod-db', '--url', guarded.url]);
    await world.broker(['logout']);
    await world.signIn('dana');
    const hosted = await hostOf(peers, world, ['prod-db', '--url', guarded.url]);
    expect(hosted.client.getInstructions()).toContain('broker login prod-db');
    await hosted.close();
    await world.broker(['logout']);
    await world.signIn('alice');
    const again = await hostOf(peers, world, ['prod-db', '--url', guarded.url]);
    expect(textOf(await echo(again, 'mine'))).toContain('mine');
    await again.close();
  });
});
