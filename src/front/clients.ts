// How each kind of client is told where the session is. Must never put the session's secret into argv.
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, type OpenedSession } from '../agent/client.ts';
import { BrokerError } from '../model/errors.ts';
import { findProgram } from './program.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Prepared {
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Record<string, string>;
  /** Removes what was written for it. */
  clean(): void;
}

interface ClientKind {
  readonly program: string;
  /** Debian's package, for the hint. */
  readonly package: string;
}

/** The native client of each protocol. */
const CLIENTS: Readonly<Record<string, ClientKind>> = {
  __proto__: null as never,
  postgres: { program: 'psql', package: 'postgresql-client' },
};

/** libpq's password file escapes `\` and `:` in every field. */
export function passwordLine(session: Pick<OpenedSession, 'endpoint'>): string {
  const escaped = (text: string) => text.replace(/[\\:]/g, '\\$&');
  const { host, port, user, secret } = session.endpoint;
  return `${host}:${port}:*:${escaped(user)}:${escaped(secret)}\n`;
}

/** A URI for libraries that take one. Holds the secret: for a child's environment or a person's eyes, never for argv. */
export function sessionUri(session: Pick<OpenedSession, 'endpoint'>, scheme = 'postgresql'): string {
  const { host, port, user, database, secret } = session.endpoint;
  const part = encodeURIComponent;
  return `${scheme}://${part(user)}:${part(secret)}@${host}:${port}/${part(database)}?sslmode=disable`;
}

/** libpq's variables without the password. */
export function libpqVariables(session: Pick<OpenedSession, 'endpoint'>): Record<string, string> {
  const { host, port, user, database } = session.endpoint;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: 'disable',
    PGGSSENCMODE: 'disable',
  };
}

function writePasswordFile(session: OpenedSession, runtime: string): string {
  const path = join(runtime, `client-${session.id}-${randomBytes(6).toString('hex')}`);
  writeFileSync(path, passwordLine(session), { flag: 'wx', mode: 0o600 });
  return path;
}

function missing(kind: ClientKind, connection: string): BrokerError {
  return new BrokerError('client-missing', { client: kind.program, package: kind.package, connection });
}

function kindOf(protocol: string): ClientKind {
  const kind = CLIENTS[protocol];
  if (kind) return kind;
  const mend = 'use `broker proxy` and a client of your own';
  throw new BrokerError('unsupported', { what: `a native client for ${protocol}`, mend });
}

/** Throws `client-missing` before a session is opened for nothing. */
export function requireClient(protocol: string, connection: string, environment: Environment): string {
  const kind = kindOf(protocol);
  const file = findProgram(kind.program, environment['PATH']);
  if (file === undefined) throw missing(kind, connection);
  return file;
}

/** The native client, ready to start. */
export function prepareClient(
  session: OpenedSession,
  runtime: string,
  environment: Environment,
  args: readonly string[],
): Prepared {
  const file = requireClient(session.protocol, session.connection, environment);
  const passwords = writePasswordFile(session, runtime);
  return {
    file,
    args,
    environment: { ...childEnvironment(environment), ...libpqVariables(session), PGPASSFILE: passwords },
    clean: () => rmSync(passwords, { force: true }),
  };
}

/** Variables for a program of one's own: it and what it starts can reach the session, and nothing else of ours. */
export function programEnvironment(session: OpenedSession, environment: Environment): Record<string, string> {
  return {
    ...childEnvironment(environment),
    ...libpqVariables(session),
    PGPASSWORD: session.endpoint.secret,
    DATABASE_URL: sessionUri(session),
  };
}
