// `proxy`: an open session without a client of ours, until somebody ends it. Prints the secret only where it was asked for.
import type { Writable } from 'node:stream';
import type { AgentClient, OpenedSession } from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import { sessionUri } from './clients.ts';
import type { FrontContext } from './compose.ts';
import { openSession, overError } from './session.ts';

export interface ProxyContext extends FrontContext {
  readonly stdout: Writable;
  readonly stderr: Writable & { isTTY?: boolean };
  readonly json: boolean;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

export function readPort(text: unknown): number {
  if (text === undefined) return 0;
  const port = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535)
    throw new BrokerError('usage', { reason: `${String(text)} is not a port`, command: 'proxy' });
  return port;
}

function jdbcUrl({ endpoint }: OpenedSession): string {
  const { host, port, database, user, secret } = endpoint;
  const part = encodeURIComponent;
  return `jdbc:postgresql://${host}:${port}/${part(database)}?user=${part(user)}&password=${part(secret)}&sslmode=disable`;
}

/** Ways to connect, for people. */
export function howToConnect(session: OpenedSession): string {
  const { host, port, user, database, secret } = session.endpoint;
  const quoted = (text: string) => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const psql = `PGPASSWORD=${quoted(secret)} psql -h ${host} -p ${port} -U ${quoted(user)} -d ${quoted(database)}`;
  const until = session.expires === undefined ? '' : `, until ${session.expires}`;
  return [
    `session ${session.id} on ${visible(session.connection)} is open and recorded${until}`,
    '',
    `  URI       ${visible(sessionUri(session))}`,
    `  psql      ${visible(psql)}`,
    `  JDBC      ${visible(jdbcUrl(session))}`,
    '',
    'Ctrl-C ends it',
    '',
  ].join('\n');
}

function toJson(session: OpenedSession): string {
  const { id, connection, protocol, endpoint, expires } = session;
  return JSON.stringify({
    session: id,
    connection,
    protocol,
    ...endpoint,
    uri: sessionUri(session),
    jdbc: jdbcUrl(session),
    ...(expires === undefined ? {} : { expires }),
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

export async function runProxy(client: AgentClient, context: ProxyContext): Promise<number> {
  const [connection = ''] = context.args;
  const { reason, port } = context.options;
  const { cwd, home, environment, signal } = context;
  const session = await openSession(client, {
    connection,
    client: 'proxy',
    port: readPort(port),
    ...(typeof reason === 'string' ? { reason } : {}),
    cwd,
    home,
    environment,
    signal,
  });
  context.stdout.write(context.json ? `${toJson(session.opened)}\n` : howToConnect(session.opened));
  const over = await Promise.race([session.over, aborted(signal)]);
  const state = await session.close({ reason: over?.reason ?? 'its user ended it', exit: EXIT.done });
  if (over) throw overError(connection, over);
  if (!context.json) {
    const sealed = state === 'sealed' ? 'is sealed' : 'will be sealed later';
    context.stderr.write(`broker: session ${session.opened.id} ${sealed}\n`);
  }
  return EXIT.done;
}
