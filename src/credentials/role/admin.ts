// A short connection to the target as the role that may create roles. Opened for one errand, never kept.
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { CredentialContext } from '../../model/credential.ts';
import { BrokerError } from '../../model/errors.ts';
import { credentialFailed } from '../settings.ts';

export interface AdminSettings {
  readonly user: string;
  /** Name of the password in the keychain. */
  readonly secret?: string;
  /** Or of the environment variable that holds it. */
  readonly passwordVariable?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
}

export interface Admin {
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

/** Milliseconds to connect, and for one statement. */
const PATIENCE = 15_000;

const MEND = 'check credential.admin in `broker connections show`, and that this role has CREATEROLE';

async function passwordOf(context: CredentialContext, admin: AdminSettings): Promise<string> {
  const { name } = context.connection;
  if (admin.passwordVariable !== undefined) {
    const value = context.environment[admin.passwordVariable];
    if (value) return value;
    const mend = `export ${admin.passwordVariable}, then try again`;
    throw credentialFailed(name, `the variable ${admin.passwordVariable} is not set`, mend);
  }
  const secret = admin.secret ?? name;
  const value = await context.secret(secret);
  if (value !== undefined) return value;
  throw credentialFailed(
    name,
    `the keychain has no secret named ${secret}`,
    `keep it there with \`broker secrets set ${secret}\``,
  );
}

/** libpq's words for TLS → what Node checks. */
async function tlsOptions(context: CredentialContext, host: string): Promise<ConnectionOptions> {
  const { mode, ca, cert, key } = context.connection.tls;
  // libpq: `require` with a CA of one's own checks it, as `verify-ca` does.
  const checksCa = mode === 'verify-ca' || (mode === 'require' && ca !== undefined);
  const read = (path: string) =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      const reason = `${path} cannot be read (${error.code})`;
      throw credentialFailed(context.connection.name, reason, 'check tls in `broker connections show`');
    });
  return {
    rejectUnauthorized: checksCa || mode === 'verify-full',
    ...(ca === undefined ? {} : { ca: await read(ca) }),
    ...(cert === undefined ? {} : { cert: await read(cert) }),
    ...(key === undefined ? {} : { key: await read(key) }),
    ...(checksCa ? { checkServerIdentity: () => undefined } : {}),
    ...(isIP(host) === 0 ? {} : { host }),
  };
}

/** Which attempts a mode makes, in order: true is with TLS. */
const ATTEMPTS = {
  disable: [false],
  allow: [false, true],
  prefer: [true, false],
  require: [true],
  'verify-ca': [true],
  'verify-full': [true],
} as const;

/** PostgreSQL error → what a person can do about it. */
export function explain(error: unknown, context: CredentialContext, what: string): BrokerError {
  if (error instanceof BrokerError) return error;
  const { name, host, port } = context.connection;
  const { code, message } = error as { code?: string; message: string };
  if (code === '28P01' || code === '28000')
    return credentialFailed(name, `the target refused the admin role: ${message}`, MEND);
  if (code === '42501')
    return credentialFailed(
      name,
      `the admin role may not ${what}: ${message}`,
      `${MEND} and ADMIN OPTION on credential.grant`,
    );
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code))
    return credentialFailed(
      name,
      `the target could not ${what}: ${message}`,
      'check credential.grant and credential.admin',
    );
  return new BrokerError('target-unreachable', {
    connection: name,
    address: `${host}:${port}`,
    reason: message || String(code),
  });
}

export async function connectAdmin(
  context: CredentialContext,
  admin: AdminSettings,
  database?: string,
): Promise<Admin> {
  const { connection, session } = context;
  const host = admin.host ?? connection.host;
  const socket = host.startsWith('/');
  const base: pg.ClientConfig = {
    host,
    port: admin.port ?? connection.port,
    user: admin.user,
    password: await passwordOf(context, admin),
    database: database ?? admin.database ?? connection.database ?? 'postgres',
    application_name: `broker/${session}`,
    connectionTimeoutMillis: PATIENCE,
    query_timeout: PATIENCE,
  };
  let failure: unknown;
  for (const secure of socket ? [false] : ATTEMPTS[connection.tls.mode]) {
    const client = new pg.Client({ ...base, ssl: secure ? await tlsOptions(context, host) : false });
    // A connection that dies between statements fails the next statement; it must not end the process.
    client.on('error', () => {});
    try {
      await client.connect();
      return {
        query: async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows,
        end: () => client.end().catch(() => {}),
      };
    } catch (error) {
      failure = error;
      await client.end().catch(() => {});
      // A wrong password is as wrong over the other kind of connection.
      if ((error as { code?: string }).code === '28P01') break;
    }
  }
  throw explain(failure, context, 'connect');
}
