// `broker mcp`: what an MCP host's configuration launches. Must never write to stdout anything but messages for the host.
import { parseWhen } from '../lib/when.ts';
import { BrokerError } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

const LONGEST_HOLD = 10 * 60_000;

/** Milliseconds. */
function holdOf(option: unknown): number {
  const text = String(option);
  const span = /^\d{1,6}[sm]$/.test(text) ? parseWhen(text, 0) : undefined;
  if (span !== undefined && -span <= LONGEST_HOLD) return -span;
  throw new BrokerError('usage', {
    reason: `--hold has to be from 0s to 10m, such as 45s, and not ${text}`,
    command: 'mcp',
  });
}

/** Reading the configuration takes longer than starting a server: it is only read for what may be a remote one. */
async function remoteAddress(context: CommandContext, connection: string): Promise<URL | undefined> {
  const { remoteUrl } = await import('../front/mcp/remote/address.ts');
  return remoteUrl(context, connection);
}

export const mcp: CommandDefinition = {
  name: 'mcp',
  group: 'sessions',
  summary: 'stand between an MCP host and an MCP server',
  description: [
    'What an MCP host starts instead of the server itself. Every call is judged, masked and recorded, and the server reaches ' +
      'the connection through a session of its own, so that the statements it really runs are judged, masked and recorded too. ' +
      'Nothing is opened before the first request that needs it.',
    'The server finds the connection in DATABASE_URL and the PG* variables. {{NAME.url}} in its arguments is replaced by the ' +
      'address, without a password: that is in PGPASSWORD. In the environment that the host gives, {{NAME.url}} has the password.',
    'Without a server, broker serves tools of its own for the connection: query, describe_schema and explain.',
    'With --url, or on a connection of type mcp, the server is a remote one that speaks streamable HTTP. Where it wants to know ' +
      'who you are, `broker login NAME` signs you in there; nothing has to be restarted.',
    'A call that policy asks about waits for the right person. After --hold, which should be less than the host waits for a ' +
      'tool, the host is told to make the same call again; once it is approved that goes through, one time.',
    'A bot acts, named after the host and the connection (claude-code@prod-db), on behalf of whoever is signed in.',
  ],
  arguments: [
    { name: 'NAME', summary: 'the connection', required: true, completes: 'connection' },
    { name: 'SERVER', summary: 'the server and its arguments', required: false, variadic: true },
  ],
  options: [
    { flags: '--with <name...>', summary: 'further connections the server is told of' },
    { flags: '--url <address>', summary: 'a remote server; https, or http on loopback' },
    { flags: '--reason <text>', summary: 'why, for the record' },
    {
      flags: '--hold <time>',
      summary: 'how long a call waits for approval before its host is told to repeat it',
      default: '45s',
    },
  ],
  examples: [
    { command: 'broker mcp prod-db', explains: "broker's own tools" },
    {
      command: 'broker mcp prod-db -- my-mcp-server',
      explains: 'a server that reads DATABASE_URL, or the PG* variables',
    },
    {
      command: "broker mcp prod-db -- npx -y @bytebase/dbhub --transport stdio --dsn '{{prod-db.url}}'",
      explains: 'a server that takes an address',
    },
    { command: 'broker mcp tickets --url https://mcp.example.com/mcp', explains: 'a remote server' },
  ],
  run: async (context) => {
    const { resolveProgram } = await import('../front/program.ts');
    const { runMcp, searchPath } = await import('../front/mcp/run.ts');
    const [connection = '', program, ...args] = context.args;
    const { reason, with: others } = context.options;
    const order = {
      connection,
      others: Array.isArray(others) ? others.map(String) : [],
      hold: holdOf(context.options['hold']),
      ...(typeof reason === 'string' ? { reason } : {}),
    };
    const remote = program === undefined || context.options['url'] !== undefined;
    const url = remote ? await remoteAddress(context, connection) : undefined;
    if (url !== undefined) {
      if (program !== undefined || order.others.length > 0)
        throw new BrokerError('usage', {
          reason: 'a remote server takes neither SERVER nor --with',
          command: 'mcp',
        });
      return runMcp(context, { ...order, url });
    }
    if (program === undefined) {
      const { builtIn } = await import('../front/mcp/built-in.ts');
      return runMcp(context, { ...order, ...builtIn() });
    }
    const file = resolveProgram(program, searchPath(context), context.cwd);
    if (file === undefined) {
      const hint = `check that ${program} is installed and on PATH`;
      throw new BrokerError('client-failed', { client: program, reason: 'it was not found' }, { hint });
    }
    return runMcp(context, { ...order, file, args });
  },
};
