// What goes the other way, or beside the answers, between an official client and server-everything: sampling, elicitation, roots, progress, cancelling, large
// messages; and a server that is told of two connections.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { startWorld, type World } from '../peers/world.ts';
import { type HostClient, type Hosted, type HostOptions, hostOf, sealedSessions } from './mcp-hosted.ts';

const POLICY = `
@id("people")
permit (principal in Group::"developers", action, resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"mcp:call"], resource);
@id("bots-ask-prod")
permit (principal is Bot, action in [Action::"mcp:sample", Action::"mcp:elicit", Action::"mcp:roots"], resource == Connection::"prod-db");
@id("no-other-orders")
forbid (principal is Bot, action in [Action::"read"], resource == Table::"other-db/public.orders");
@id("no-other-roots")
forbid (principal is Bot, action == Action::"mcp:roots", resource == Connection::"other-db");
`;

vi.setConfig({ testTimeout: 120_000 });

let world: World;
let peers: McpPeers;
let schemas: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  [world, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
  schemas = await peers.load('@modelcontextprotocol/sdk/types.js');
  appendFileSync(
    join(world.home, '.config', 'broker', 'broker.yaml'),
    `  other-db:
    type: postgres
    host: 127.0.0.1
    port: ${world.postgres.port}
    database: shop
    tls: { mode: disable }
    credential:
      source: ephemeral-role
      admin: { user: postgres, password_variable: SHOP_ADMIN_PASSWORD }
      grant: [app]
    labels: [env:prod]
`,
  );
  await world.signIn('alice');
}, 300_000);
afterAll(() => world?.stop());

const textOf = (result: unknown): string => JSON.stringify(result);

const everything = (connection: string, options: HostOptions): Promise<Hosted> =>
  hostOf(
    peers,
    world,
    [connection, '--', process.execPath, peers.server('@modelcontextprotocol/server-everything')],
    options,
  );

describe('what the server wants of the host', () => {
  const heard: { readonly method: string; readonly params: unknown }[] = [];
  const prepare = (client: HostClient): void => {
    const answer = (schema: string, result: object): void =>
      client.setRequestHandler(schemas[schema], (request) => {
        heard.push(request as (typeof heard)[number]);
        return result;
      });
    answer('CreateMessageRequestSchema', {
      model: 'model-of-the-host',
      role: 'assistant',
      content: { type: 'text', text: 'sampled for jane.roe@mail.example.org' },
    });
    answer('ElicitRequestSchema', { action: 'accept', content: { name: 'Jane', check: true } });
    answer('ListRootsRequestSchema', { roots: [{ uri: 'file:///project/one', name: 'one' }] });
  };
  const options: HostOptions = { capabilities: { sampling: {}, elicitation: {}, roots: {} }, prepare };

  const ask = async (connection: string, name: string, given: object = {}): Promise<string> => {
    heard.length = 0;
    const hosted = await everything(connection, options);
    const result = await hosted.client
      .callTool({ name, arguments: given })
      .catch((error: unknown) => String(error));
    await hosted.close();
    return textOf(result);
  };

  it('sampling passes, masked, and what the host answers reaches the server', async () => {
    const prompt = 'write to john.doe@mail.example.org';
    const result = await ask('prod-db', 'trigger-sampling-request', { prompt, maxTokens: 10 });
    expect(result).toContain('sampled for');
    expect(heard.map(({ method }) => method)).toContain('sampling/createMessage');
    expect(textOf(heard)).toContain('[email]');
    expect(textOf(heard)).not.toContain('john.doe');
    expect(result).not.toContain('jane.roe');
  });

  it('elicitation passes', async () => {
    expect(await ask('prod-db', 'trigger-elicitation-request')).toContain('Jane');
    expect(heard.map(({ method }) => method)).toContain('elicitation/create');
  });

  it('roots pass', async () => {
    expect(await ask('prod-db', 'get-roots-list')).toContain('file:///project/one');
  });

  it('none of them passes where policy does not permit it, and the host never hears of it', async () => {
    const sampled = await ask('other-db', 'trigger-sampling-request', { prompt: 'hello', maxTokens: 10 });
    expect(sampled).toContain('refused');
    const elicited = await ask('other-db', 'trigger-elicitation-request');
    expect(elicited).toContain('refused');
    expect(await ask('other-db', 'get-roots-list')).not.toContain('file:///project/one');
    expect(heard).toEqual([]);
  });

  it('all of it is on record, with the model that the host named', async () => {
    const sessions = await sealedSessions(world, 6);
    const events = sessions.flatMap((session) => session.events);
    const texts = events.filter(({ type }) => type === 'statement').map(({ data }) => String(data['text']));
    for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list'])
      expect(texts.some((text) => text.startsWith(method))).toBe(true);
    const claims = events.filter(({ type }) => type === 'claim').map(({ data }) => data['value']);
    expect(claims).toContain('model-of-the-host');
    expect(textOf(sessions)).not.toMatch(/jane\.roe|john\.doe/);
  });
});

describe('beside the answers', () => {
  it('progress arrives before the answer, in order', async () => {
    const hosted = await everything('prod-db', {});
    const steps: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void steps.push(progress);
    const result = await hosted.client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 5 } },
      undefined,
      { onprogress },
    );
    expect(textOf(result)).toContain('completed');
    // The last one comes together with the answer, and the client takes the answer first.
    expect(steps.slice(0, 4)).toEqual([1, 2, 3, 4]);
    await hosted.close();
  });

  it('a call that the host cancels is over for the host, and the next one works', async () => {
    const hosted = await everything('prod-db', {});
    const abort = new AbortController();
    const call = hosted.client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 100, steps: 100 } },
      undefined,
      { signal: abort.signal, onprogress: () => abort.abort() },
    );
    await expect(call).rejects.toThrow();
    await expect(
      hosted.client.callTool({ name: 'echo', arguments: { message: 'still here' } }),
    ).resolves.toMatchObject({ content: [{ text: 'Echo: still here' }] });
    await hosted.close();
  });

  it('eight megabytes pass both ways as they are', async () => {
    const hosted = await everything('prod-db', {});
    const message = 'The quick brown fox. '.repeat(Math.ceil((8 << 20) / 21));
    const { content } = await hosted.client.callTool({ name: 'echo', arguments: { message } });
    expect(content?.[0]?.text === `Echo: ${message}`).toBe(true);
    await hosted.close();
  });

  it('more than ten from the host is refused by name, and the next call works', async () => {
    const hosted = await everything('prod-db', {});
    const message = 'a'.repeat(11 << 20);
    const call = hosted.client.callTool({ name: 'echo', arguments: { message } });
    await expect(call).rejects.toThrow(/more than 10485760/);
    await expect(
      hosted.client.callTool({ name: 'echo', arguments: { message: 'ok' } }),
    ).resolves.toBeDefined();
    await hosted.close();
  });
});

describe('the connection', () => {
  it.each([
    ['DATABASE_URL', '"$DATABASE_URL"'],
    ['the PG* variables', 'postgresql:///'],
  ])('is found in %s by a server that looks there', async (_, address) => {
    const server = peers.server('@modelcontextprotocol/server-postgres');
    const script = `exec ${process.execPath} ${server} ${address}`;
    const hosted = await hostOf(peers, world, ['prod-db', '--', '/bin/sh', '-c', script]);
    const sql = 'select email from customers order by id limit 1';
    const result = await hosted.client.callTool({ name: 'query', arguments: { sql } });
    expect(textOf(result)).toContain('[email]');
    await hosted.close();
  });
});

describe('--with', () => {
  it('a server reaches the further connection by its own address, in a session of its own, under its own rules', async () => {
    const server = peers.server('@modelcontextprotocol/server-postgres');
    const args = ['prod-db', '--with', 'other-db', '--', process.execPath, server, '{{other-db.url}}'];
    // Those of the tests before, which may still be on their way.
    const before = (await sealedSessions(world, 12)).length;
    const hosted = await hostOf(peers, world, args);
    const query = (sql: string) =>
      hosted.client.callTool({ name: 'query', arguments: { sql } }).catch((error: unknown) => String(error));
    expect(textOf(await query('select count(*) as many from customers'))).toContain('many');
    expect(textOf(await query('select * from orders'))).toContain('no-other-orders');
    await hosted.close();
    const sessions = (await sealedSessions(world, before + 2)).slice(-2);
    const statements = sessions.map(({ events }) =>
      events
        .filter(({ type, recorder }) => type === 'statement' && recorder === 'worker')
        .map(({ data }) => String(data['text'])),
    );
    expect(statements.flat().some((text) => text.includes('customers'))).toBe(true);
    const calls = sessions.map(
      ({ events }) =>
        events.filter(({ recorder, type }) => recorder === 'front' && type === 'statement').length,
    );
    expect(calls.filter((count) => count > 0)).toHaveLength(1);
  });
});
