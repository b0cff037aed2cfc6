// What an MCP server is told of its connections: variables, and `{{name.url}}` in its arguments. Must never put the secret into argv.
import { childEnvironment } from '../../agent/client.ts';
import { BrokerError } from '../../model/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a connection's session will be reached, known before there is one. */
export interface Door {
  readonly connection: string;
  readonly port: number;
  readonly secret: string;
}

/** Any name will do: the session knows its own account. */
const USER = 'broker';
const HOST = '127.0.0.1';

function address({ connection, port, secret }: Door, withSecret: boolean): string {
  const login = withSecret ? `${USER}:${encodeURIComponent(secret)}` : USER;
  return `postgresql://${login}@${HOST}:${port}/${encodeURIComponent(connection)}?sslmode=disable`;
}

function fieldOf(door: Door, field: string, withSecret: boolean): string | undefined {
  switch (field) {
    case 'url':
      return address(door, withSecret);
    case 'host':
      return HOST;
    case 'port':
      return String(door.port);
    case 'user':
      return USER;
    case 'database':
      return door.connection;
    case 'password':
      return withSecret ? door.secret : undefined;
    default:
      return undefined;
  }
}

const TEMPLATE = /\{\{\s*(?!keychain:)([^{}\s]+)\.(\w+)\s*\}\}/g;

/** Throws `usage` for a template that names no connection of this command, or nothing that may stand there. */
function filled(text: string, doors: readonly Door[], withSecret: boolean): string {
  return text.replace(TEMPLATE, (whole, name: string, field: string) => {
    const door = doors.find(({ connection }) => connection === name);
    const value = door && fieldOf(door, field, withSecret);
    if (value !== undefined) return value;
    const secret = door && field === 'password';
    const reason = secret
      ? `${whole} would show the secret to everybody on this machine`
      : `${whole} is not something a server can be told`;
    const hint = secret
      ? 'leave it out: the server finds it in PGPASSWORD'
      : `there are ${doors.map(({ connection }) => `{{${connection}.url}}`).join(', ')}, and host, port, user, database`;
    throw new BrokerError('usage', { reason, command: 'mcp' }, { hint });
  });
}

/** The server's arguments. Addresses in them have no password: it is in the environment, for every connection the same. */
export function serverArguments(args: readonly string[], doors: readonly Door[]): string[] {
  return args.map((arg) => filled(arg, doors, false));
}

/** Variables that no credential is ever made with, whatever a configuration says. */
const ALWAYS = new Set(['HOME', 'PATH', 'USER', 'LOGNAME', 'LANG', 'TZ', 'TMPDIR', 'SHELL', 'TERM']);

/**
 * The server's environment: the host's, without ours and without every variable that `configuration` (the text of the files) names,
 * for those are what credentials are made of; and where the connections are.
 */
export function serverEnvironment(
  environment: Environment,
  doors: readonly Door[],
  configuration: string,
): Record<string, string> {
  const named = new Set(configuration.match(/[A-Za-z_]\w*/g) ?? []);
  const kept = Object.entries(childEnvironment(environment))
    .filter(([name]) => ALWAYS.has(name) || !named.has(name))
    .map(([name, value]): [string, string] => [name, filled(value, doors, true)]);
  const [first] = doors;
  if (!first) return Object.fromEntries(kept);
  return {
    ...Object.fromEntries(kept),
    PGHOST: HOST,
    PGPORT: String(first.port),
    PGUSER: USER,
    PGDATABASE: first.connection,
    PGPASSWORD: first.secret,
    PGSSLMODE: 'disable',
    PGGSSENCMODE: 'disable',
    DATABASE_URL: address(first, true),
  };
}
