// `query`: a small client on the session's own endpoint. Must hold one batch of rows at most, however many there are.
import type { Readable, Writable } from 'node:stream';
import type pg from 'pg';
import type { AgentClient } from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { FrontContext } from './compose.ts';
import { type Format, openWriter } from './formats.ts';
import { takeErrors } from './screen.ts';
import { type FrontSession, openSession, overError } from './session.ts';
import { TextQuery } from './text-query.ts';

export interface QueryContext extends FrontContext {
  readonly stdout: Writable & { isTTY?: boolean };
  readonly stderr: Writable;
}

export interface QueryOrder {
  readonly connection: string;
  readonly text: string;
  readonly format: Format;
  readonly reason?: string;
}

const TEXT_LIMIT = 64 << 20;

export async function readText(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer);
    size += bytes.length;
    if (size > TEXT_LIMIT)
      throw new BrokerError('usage', { reason: 'the SQL is over 64 MiB', command: 'query' });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A failure of the database in its own words; one of ours in ours. `routine` is where the proxy signs its refusals. */
function failureOf(error: unknown, connection: string): BrokerError {
  if (error instanceof BrokerError) return error;
  const { routine, code, message, detail, hint } = error as Partial<pg.DatabaseError> & Error;
  const [, ours] = /^broker:([a-z-]+)$/.exec(routine ?? '') ?? [];
  const text = detail === undefined || ours !== undefined ? message : `${message} (${detail})`;
  if (ours !== undefined)
    return new BrokerError('refused', { message: text, code: ours }, hint ? { hint } : {});
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code))
    return new BrokerError(
      'target-error',
      { connection, message: text, sqlstate: code },
      hint ? { hint } : {},
    );
  return new BrokerError(
    'target-unreachable',
    { connection, address: 'the session', reason: message },
    { cause: error },
  );
}

export async function connect(session: FrontSession, context: QueryContext): Promise<pg.Client> {
  const { default: module } = await import('pg');
  const { host, port, user, database, secret } = session.opened.endpoint;
  const client = new module.Client({
    host,
    port,
    user,
    database,
    password: secret,
    application_name: 'broker query',
  });
  client.on('notice', (notice) => context.stderr.write(`broker: notice: ${visible(notice.message ?? '')}\n`));
  // A connection that breaks between statements is told by the statement that meets it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function runQuery(
  agent: AgentClient,
  context: QueryContext,
  order: QueryOrder,
): Promise<number> {
  const { cwd, home, environment, signal } = context;
  const { connection, reason } = order;
  const session = await openSession(agent, {
    connection,
    client: 'query',
    port: 0,
    ...(reason === undefined ? {} : { reason }),
    cwd,
    home,
    environment,
    signal,
  });
  let exit: number = EXIT.done;
  let giveBack = () => {};
  let read = true;
  try {
    const client = await connect(session, context);
    const cancel = () => void client.end();
    giveBack = takeErrors(context.stdout, () => {
      read = false;
      cancel();
    });
    signal.addEventListener('abort', cancel, { once: true });
    const writer = openWriter(order.format, context.stdout.isTTY === true);
    const query = new TextQuery(order.text, writer, context.stdout);
    client.query(query as unknown as pg.Submittable);
    await query.done;
    await client.end();
  } catch (error) {
    // Whoever read our output has seen enough (`broker query … | head`).
    if (!read && !signal.aborted) return EXIT.done;
    const over = await Promise.race([session.over, undefined]);
    const failure = over ? overError(connection, over) : failureOf(error, connection);
    exit = signal.aborted ? EXIT.interrupted : failure.row.exit;
    throw signal.aborted ? new BrokerError('interrupted') : failure;
  } finally {
    await session.close({ reason: read ? 'the statements ended' : 'its reader had enough', exit });
    giveBack();
  }
  return exit;
}
