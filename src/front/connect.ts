// `connect` and `exec`: a session, a client in it, and its end told to everybody. Must never leave a client without its session.

import { basename } from 'node:path';
import type { AgentClient, OpenedSession } from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { Prepared } from './clients.ts';
import type { FrontContext } from './compose.ts';
import { signalName } from './program.ts';
import { openRecorder } from './recorder.ts';
import { runRecorded } from './run.ts';
import { isTerminal, type Streams } from './screen.ts';
import { type FrontSession, type Over, openSession, overError } from './session.ts';

export type RunContext = FrontContext & Streams;

export interface ClientOrder {
  readonly connection: string;
  readonly client: 'connect' | 'exec';
  readonly reason?: string;
  /** Readies the program once the session is known. */
  prepare(session: OpenedSession): Prepared;
}

/** Said on a terminal only: a pipeline's stderr stays the client's. */
function say(context: RunContext, text: string): void {
  if (isTerminal(context)) context.stderr.write(`broker: ${visible(text)}\n`);
}

/** Says that what follows is recorded. */
export function greet(context: RunContext, { id, connection, expires }: OpenedSession): void {
  const until = expires === undefined ? '' : `, until ${new Date(expires).toLocaleTimeString()}`;
  say(context, `session ${id} on ${connection} is recorded${until}`);
}

/** What runs beside the client: how long it may go on, and what must be on the disk before the session is closed. */
export interface Company {
  /** Ends the client, and says why, like the session's own end. */
  readonly over: Promise<Over>;
  settle(): Promise<void>;
}

/** Runs a program in an open session, records its terminal there, and closes the session. Returns the program's exit code. */
export async function runIn(
  context: RunContext,
  session: FrontSession,
  prepared: Prepared,
  company?: Company,
): Promise<number> {
  const { opened } = session;
  const ends = company ? Promise.race([session.over, company.over]) : session.over;
  const { TERM: term } = context.environment;
  const about = { session: opened, command: basename(prepared.file), ...(term ? { term } : {}) };
  const end = await runRecorded({
    ...prepared,
    cwd: context.cwd,
    streams: context,
    over: ends,
    record: (size, failed) => openRecorder({ ...about, ...size }, failed),
  });
  // Asked here, and not raced: an end that came first must be told, however the client took it.
  const over = await Promise.race([ends, undefined]);
  await company?.settle();
  const signal = signalName(end.signal);
  const reason = end.failure ? 'the recording failed' : 'the client ended';
  const state = await session.close({ reason, exit: end.exit, ...(signal ? { signal } : {}) });
  if (end.failure) throw end.failure;
  if (over) throw overError(opened.connection, over);
  say(
    context,
    state === 'sealed' ? `session ${opened.id} is sealed` : `session ${opened.id} will be sealed later`,
  );
  return end.exit;
}

/** Runs a client in a session of its own. Returns the client's exit code; our own failures are 125 unless refused. */
export async function runClient(
  client: AgentClient,
  context: RunContext,
  order: ClientOrder,
): Promise<number> {
  const { environment, cwd, home, signal } = context;
  const session = await openSession(client, {
    connection: order.connection,
    client: order.client,
    port: 0,
    ...(order.reason === undefined ? {} : { reason: order.reason }),
    cwd,
    home,
    environment,
    signal,
  });
  greet(context, session.opened);
  let prepared: Prepared | undefined;
  try {
    prepared = withoutLent(order.prepare(session.opened), session.lent, environment);
    return await runIn(context, session, prepared);
  } catch (error) {
    await session.close({ reason: 'the client could not run', exit: EXIT.launcher });
    throw error instanceof BrokerError ? error : startFailure(order.connection, prepared, error);
  } finally {
    prepared?.clean();
  }
}

/** The admin password that made the session's role would open the target past us; what we set ourselves stays. */
export function withoutLent(
  prepared: Prepared,
  lent: readonly string[],
  before: Readonly<Record<string, string | undefined>>,
): Prepared {
  const kept = Object.entries(prepared.environment).filter(
    ([name, value]) => !lent.includes(name) || value !== before[name],
  );
  return { ...prepared, environment: Object.fromEntries(kept) };
}

/** Why a program could not be started. */
export function startFailure(name: string, prepared: Prepared | undefined, error: unknown): BrokerError {
  const reason = error instanceof Error ? error.message : String(error);
  const program = prepared ? basename(prepared.file) : name;
  return new BrokerError('client-failed', { client: program, reason }, { cause: error });
}
