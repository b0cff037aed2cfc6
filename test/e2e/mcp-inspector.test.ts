// The MCP inspector's command line against real servers, directly and behind `broker mcp`, in each era: the same answers, and policy's where it has something to say.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inspectorCli, type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { optional } from '../peers/registry.ts';
import { startWorld, type World } from '../peers/world.ts';
import { sealedSessions } from './mcp-hosted.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const STATELESS = new URL('../peers/mcp-stateless.mjs', import.meta.url).pathname;

const POLICY = `
@id("people")
permit (principal in Group::"developers", action, resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"write", Action::"define", Action::"execute", Action::"mcp:call", Action::"mcp:read", Action::"mcp:prompt", Action::"mcp:list"], resource);
@id("no-secret-echo")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/echo")
when { context.arguments.hasTag("message") && context.arguments.getTag("message") like "*forbidden*" };
@id("no-writes")
forbid (principal is Bot, action in [Action::"write", Action::"define", Action::"destroy"], resource);
`;

vi.setConfig({ testTimeout: 180_000 });

const found = await optional('mcp-inspector', async () => ({
  cli: await inspectorCli(),
  peers: await mcpPeers(),
}));

/** Where masking may put a text, the tool says so in its outputSchema. */
function withoutPromises(answer: Answer): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) =>
    key === 'outputSchema' ? undefined : value,
  );
}

interface Answer {
  readonly code: number;
  readonly said: unknown;
}

describe.runIf(found)('the inspector', () => {
  let world: World;
  let peers: McpPeers;
  let files: string;

  beforeAll(async () => {
    if (!found) return;
    peers = found.peers;
    world = await startWorld({ policy: POLICY });
    files = join(world.home, 'files');
    mkdirSync(files);
    writeFileSync(join(files, 'a.txt'), 'hello\n');
    await world.signIn('alice');
  }, 300_000);
  afterAll(() => world?.stop());

  const inspect = (server: readonly string[], ...asked: readonly string[]): Promise<Answer> => {
    const [node = '', ...cli] = found?.cli ?? [];
    // The inspector reads options up to `--`: the server is a file of its own.
    const catalog = join(world.home, `catalog-${Math.random().toString(36).slice(2)}.json`);
    const [command, ...args] = server;
    const env = Object.fromEntries(
      Object.entries(world.environment).filter(([, value]) => value !== undefined),
    );
    writeFileSync(catalog, JSON.stringify({ mcpServers: { s: { command, args, env, cwd: world.home } } }));
    const options = [
      '--config',
      catalog,
      '--server',
      's',
      '--format',
      'json',
      '-q',
      '--connect-timeout',
      '60000',
    ];
    return new Promise((resolve) =>
      execFile(
        node,
        [...cli, ...options, ...asked],
        { env: world.environment, cwd: world.home, timeout: 90_000, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          const text = stdout.trim() || stderr.trim();
          const code = error ? Number(error.code ?? 1) : 0;
          try {
            resolve({ code, said: JSON.parse(text) });
          } catch {
            resolve({ code, said: text });
          }
        },
      ),
    );
  };

  const through = (server: readonly string[]) => [
    process.execPath,
    BROKER,
    'mcp',
    'prod-db',
    '--',
    ...server,
  ];
  const node = (name: Parameters<McpPeers['server']>[0], ...args: string[]) => [
    process.execPath,
    peers.server(name),
    ...args,
  ];
  const everything = () => node('@modelcontextprotocol/server-everything');
  const filesystem = () => node('@modelcontextprotocol/server-filesystem', files);
  const memory = () => node('@modelcontextprotocol/server-memory');
  const postgres = (address: string) => node('@modelcontextprotocol/server-postgres', address);
  const dbhub = () => node('@bytebase/dbhub', '--transport', 'stdio', '--dsn={{prod-db.url}}');
  const stateless = () => [process.execPath, STATELESS, peers.folder];
  const call = (tool: string, args: object) => [
    '--method',
    'tools/call',
    '--tool-name',
    tool,
    '--tool-args-json',
    JSON.stringify(args),
  ];

  const list = (what: string) => ['--method', `${what}/list`];
  const prompt = ['--method', 'prompts/get', '--prompt-name', 'args-prompt', '--prompt-args', 'city=Gent'];

  const SAME: Readonly<Record<string, () => readonly [readonly string[], readonly string[]]>> = {
    'everything lists its tools': () => [everything(), list('tools')],
    'everything lists its resources': () => [everything(), list('resources')],
    'everything lists its templates': () => [everything(), list('resources/templates')],
    'everything lists its prompts': () => [everything(), list('prompts')],
    'everything gives a prompt': () => [everything(), prompt],
    'everything echoes': () => [everything(), call('echo', { message: 'hello' })],
    'everything fails a call': () => [everything(), call('echo', {})],
    'everything shows an image': () => [everything(), call('get-tiny-image', {})],
    'everything answers in structure': () => [
      everything(),
      call('get-structured-content', { location: 'Chicago' }),
    ],
    'filesystem lists its tools': () => [filesystem(), list('tools')],
    'filesystem reads a file': () => [filesystem(), call('read_text_file', { path: join(files, 'a.txt') })],
    'filesystem refuses what is not its own': () => [filesystem(), call('list_directory', { path: '/etc' })],
    'memory lists its tools': () => [memory(), list('tools')],
    'memory shows its graph': () => [memory(), call('read_graph', {})],
  };

  const rows = Object.keys(SAME).flatMap((title) =>
    // The other way to ask finds the same server: two rows are enough to see that it does.
    (/lists its tools|echoes/.test(title) ? ['legacy', 'auto'] : ['legacy']).map(
      (era) => [title, era] as const,
    ),
  );

  it.each(rows)('%s, asked as %s, as it does without broker', async (title, era) => {
    const [server, asked] = SAME[title]?.() ?? [[], []];
    const [direct, brokered] = await Promise.all([
      inspect(server, '--protocol-era', era, ...asked),
      inspect(through(server), '--protocol-era', era, ...asked),
    ]);
    expect(direct.said).toBeInstanceOf(Object);
    expect(withoutPromises(brokered)).toEqual(withoutPromises(direct));
  });

  it.each(['modern', 'auto'])('a server of the stateless era, asked as %s, too', async (era) => {
    for (const asked of [list('tools'), call('echo', { message: 'hello' })]) {
      const direct = await inspect(stateless(), '--protocol-era', era, ...asked);
      expect(direct).toMatchObject({ code: 0, said: { result: {} } });
      expect(await inspect(through(stateless()), '--protocol-era', era, ...asked)).toEqual(direct);
    }
    const denied = await inspect(
      through(stateless()),
      '--protocol-era',
      era,
      ...call('echo', { message: 'the forbidden word' }),
    );
    expect(denied.code).not.toBe(0);
    expect(JSON.stringify(denied.said)).toContain('no-secret-echo');
  });

  it('reads the database through server-postgres and dbhub, masked, and is refused what policy refuses', async () => {
    const sql = 'select id, email from customers order by id limit 2';
    for (const [server, tool] of [
      [postgres('{{prod-db.url}}'), 'query'],
      [dbhub(), 'execute_sql'],
    ] as const) {
      const read = await inspect(through(server), ...call(tool, { sql }));
      expect([read.code, read.said]).toEqual([0, expect.objectContaining({ result: expect.anything() })]);
      expect(JSON.stringify(read.said)).toContain('[email]');
      expect(JSON.stringify(read.said)).not.toMatch(/[a-z]@[a-z]/);
      const written = await inspect(
        through(server),
        ...call(tool, { sql: 'commit; create table inspected (id int)' }),
      );
      expect(JSON.stringify(written.said)).toContain('no-writes');
    }
    const tables = await world.postgres.query(
      "select 1 from pg_tables where tablename = 'inspected'",
      'shop',
    );
    expect(tables).toHaveLength(0);
  });

  it.each(['legacy', 'modern'])('uses broker’s own tools, asked as %s', async (era) => {
    const own = [process.execPath, BROKER, 'mcp', 'prod-db'];
    const listed = await inspect(own, '--protocol-era', era, ...list('tools'));
    const names = (listed.said as { result?: { tools?: { name: string }[] } }).result?.tools?.map(
      ({ name }) => name,
    );
    expect(names).toEqual(['query', 'describe_schema', 'explain']);
    const sql = 'select id, email from customers order by id limit 1';
    const read = await inspect(own, '--protocol-era', era, ...call('query', { sql }));
    expect(read).toMatchObject({ code: 0 });
    expect(JSON.stringify(read.said)).toContain('[email]');
  });

  it('leaves one sealed session for each call it made, and all of it verifies', async () => {
    const sessions = await sealedSessions(world, 8);
    expect(new Set(sessions.map(({ actor }) => actor.kind))).toEqual(new Set(['bot']));
    expect(await world.broker(['verify', '--deep'])).toMatchObject({ code: 0 });
  });
});
