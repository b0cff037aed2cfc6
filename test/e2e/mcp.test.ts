// `broker mcp` between official clients and real servers, with a real database behind it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { startWorld, type World } from '../peers/world.ts';
import { hostOf, sealedSessions } from './mcp-hosted.ts';

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"write", Action::"define", Action::"execute"], resource);

@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"mcp:call", Action::"mcp:sample", Action::"mcp:elicit"], resource);

@id("bots-only-read")
@advice("bots may only read: run it yourself")
forbid (principal is Bot, action in [Action::"write", Action::"define", Action::"destroy", Action::"administer"], resource);

@id("no-sums")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/get-sum");

@id("no-secret-echo")
@advice("say something else")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/echo")
when { context.arguments.hasTag("message") && context.arguments.getTag("message") like "*forbidden*" };
`;

/** Each starts several processes, and some an agent. */
vi.setConfig({ testTimeout: 120_000 });

let world: World;
let peers: McpPeers;

beforeAll(async () => {
  [world, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
  await world.signIn('alice');
}, 300_000);

afterAll(() => world?.stop());

const everything = () => [
  'prod-db',
  '--',
  process.execPath,
  peers.server('@modelcontextprotocol/server-everything'),
];
const postgres = () => [
  'prod-db',
  '--',
  process.execPath,
  peers.server('@modelcontextprotocol/server-postgres'),
  '{{prod-db.url}}',
];

describe('server-everything, by the client of the handshake era', () => {
  it('answers as it does without broker, and refuses what policy refuses', async () => {
    const hosted = await hostOf(peers, world, everything());
    const { tools } = await hosted.client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    const echoed = await hosted.client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    expect(echoed).toMatchObject({ content: [{ type: 'text', text: 'Echo: hello' }] });
    const denied = await hosted.client.callTool({
      name: 'echo',
      arguments: { message: 'the forbidden word' },
    });
    expect(denied.isError).toBe(true);
    expect(denied.content?.[0]?.text).toContain('no-secret-echo');
    const card = await hosted.client.callTool({
      name: 'echo',
      arguments: { message: 'card 4111 1111 1111 1111' },
    });
    expect(JSON.stringify(card)).not.toContain('4111 1111');
    await hosted.close();
    const [session] = await sealedSessions(world, 1);
    expect(session?.actor).toMatchObject({ kind: 'bot', name: 'test-host@prod-db' });
    const texts = session?.events.filter(
      ({ recorder, type }) => recorder === 'front' && type === 'statement',
    );
    expect(texts?.map(({ data }) => [data['text'], data['decision']])).toEqual([
      ['tools/call echo {"message":"hello"}', 'allow'],
      ['tools/call echo {"message":"the forbidden word"}', 'deny'],
      ['tools/call echo {"message":"card [payment-card]"}', 'allow'],
    ]);
    expect(JSON.stringify(session)).not.toContain('4111 1111');
  });
});

describe('server-postgres 0.6.2', () => {
  it('is given the session, and its escape is stopped at the database', async () => {
    const hosted = await hostOf(peers, world, postgres(), { name: 'claude-code' });
    const read = await hosted.client.callTool({
      name: 'query',
      arguments: { sql: 'select id, email from customers order by id limit 2' },
    });
    expect(read.isError ?? false).toBe(false);
    expect(JSON.stringify(read)).toContain('[email]');
    expect(JSON.stringify(read)).not.toContain('@example');
    await hosted.client
      .callTool({ name: 'query', arguments: { sql: 'commit; create table escaped (id int)' } })
      .then(
        (result) => expect(JSON.stringify(result)).toContain('bots-only-read'),
        (error: unknown) => expect(String(error)).toContain('bots-only-read'),
      );
    await hosted.close();
    expect(
      await world.postgres.query("select 1 from pg_tables where tablename = 'escaped'", 'shop'),
    ).toMatchObject({ length: 0 });
    const session = (await sealedSessions(world, 2)).at(-1);
    const events = session?.events ?? [];
    const call = events.findIndex(
      ({ recorder, data }) => recorder === 'front' && String(data['text']).includes('create table escaped'),
    );
    const refused = events.findIndex(
      ({ recorder, data }) => recorder === 'worker' && data['decision'] === 'deny',
    );
    expect(call).toBeGreaterThan(-1);
    expect(refused).toBeGreaterThan(call);
    expect(events[refused]?.who.bot).toBe('claude-code@prod-db');
  });
});

describe('other servers', () => {
  const call = async (args: readonly string[], name: string, given: object, options = {}) => {
    const hosted = await hostOf(peers, world, args, options);
    const { tools } = await hosted.client.listTools();
    const result = await hosted.client.callTool({ name, arguments: given });
    await hosted.close();
    return { names: tools.map((tool) => tool.name), result };
  };

  it('server-filesystem', async () => {
    const server = peers.server('@modelcontextprotocol/server-filesystem');
    const { result } = await call(['prod-db', '--', process.execPath, server, world.home], 'list_directory', {
      path: world.home,
    });
    expect(result.content?.[0]?.text).toContain('[DIR] run');
  });

  it('server-memory', async () => {
    const server = peers.server('@modelcontextprotocol/server-memory');
    const { result } = await call(['prod-db', '--', process.execPath, server], 'read_graph', {});
    expect(result.structuredContent).toEqual({ entities: [], relations: [] });
  });

  it('dbhub, which finds the address in a variable of its own', async () => {
    const server = peers.server('@bytebase/dbhub');
    const args = ['prod-db', '--', process.execPath, server, '--transport', 'stdio'];
    const { result } = await call(
      args,
      'execute_sql',
      { sql: 'select count(*) as many from customers' },
      {
        environment: { DSN: '{{prod-db.url}}' },
      },
    );
    expect(result.isError ?? false).toBe(false);
    expect(JSON.stringify(result)).toContain('many');
  });
});

describe('the stateless era, by the client of version 2', () => {
  const server = new URL('../peers/mcp-stateless.mjs', import.meta.url).pathname;

  it('is passed through, and refused in its own words', async () => {
    const hosted = await hostOf(peers, world, ['prod-db', '--', process.execPath, server, peers.folder], {
      sdk: 2,
      mode: 'auto',
    });
    const { tools } = await hosted.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo']);
    const echoed = await hosted.client.callTool({
      name: 'echo',
      arguments: { message: 'to jane.roe@mail.example.org' },
    });
    expect(echoed.content?.[0]?.text).toBe('to [email]');
    const denied = await hosted.client.callTool({ name: 'echo', arguments: { message: 'forbidden' } });
    expect(denied).toMatchObject({ isError: true });
    await hosted.close();
  });

  it('talks to a server of the handshake era as well', async () => {
    const hosted = await hostOf(peers, world, everything(), { sdk: 2, mode: 'auto' });
    await expect(
      hosted.client.callTool({ name: 'echo', arguments: { message: 'hello' } }),
    ).resolves.toMatchObject({
      content: [{ type: 'text', text: 'Echo: hello' }],
    });
    await hosted.close();
  });
});

describe('without a server', () => {
  it.each([{ sdk: 1 as const }, { sdk: 2 as const, mode: 'auto' }])(
    'serves tools of its own: client %j',
    async (options) => {
      const hosted = await hostOf(peers, world, ['prod-db'], options);
      const { tools } = await hosted.client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['query', 'describe_schema', 'explain']);
      const read = (given: object, name = 'query') => hosted.client.callTool({ name, arguments: given });
      const first = await read({ sql: 'select n, n * 2 as twice from generate_series(1, 5) n', limit: 2 });
      expect(first.structuredContent).toEqual({
        columns: ['n', 'twice'],
        rows: [
          ['1', '2'],
          ['2', '4'],
        ],
        next: 2,
      });
      const last = await read({ sql: 'select n from generate_series(1, 5) n', limit: 2, skip: 4 });
      expect(last.structuredContent).toMatchObject({ rows: [['5']] });
      expect(last.structuredContent).not.toHaveProperty('next');
      const masked = await read({ sql: 'select email from customers order by id limit 1' });
      expect(JSON.stringify(masked)).not.toContain('@');
      const denied = await read({ sql: 'create table built_in (id int)' });
      expect(denied.isError).toBe(true);
      expect(denied.content?.[0]?.text).toContain('bots-only-read');
      const described = await read({ table: 'customers' }, 'describe_schema');
      expect(JSON.stringify(described.structuredContent)).toContain('email');
      expect((await read({ sql: 'select 1' }, 'explain')).content?.[0]?.text).toContain('Plan');
      await hosted.close();
    },
  );

  it('stops a statement when the host cancels the call', async () => {
    const hosted = await hostOf(peers, world, ['prod-db']);
    const abort = new AbortController();
    const call = hosted.client.callTool(
      { name: 'query', arguments: { sql: 'select pg_sleep(300)' } },
      undefined,
      {
        signal: abort.signal,
      },
    );
    const running = async () =>
      (
        await world.postgres.query(
          "select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'",
        )
      ).length;
    const deadline = Date.now() + 20_000;
    while ((await running()) === 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    abort.abort();
    await expect(call).rejects.toThrow();
    while ((await running()) > 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await running()).toBe(0);
    await hosted.close();
  });
});
