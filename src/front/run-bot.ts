// `run`: an AI agent with brokered connections and a recorded door to its model. Must never give it more than its sessions' endpoints.
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { type AgentClient, type BotClaim, versionOf } from '../agent/client.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import { type Prepared, programEnvironment, sessionUri } from './clients.ts';
import { type Company, greet, type RunContext, runIn, startFailure, withoutLent } from './connect.ts';
import type { ApiName } from './llm/headers.ts';
import { type ModelProxy, openModelProxy } from './llm/proxy.ts';
import { type ExchangeJournal, openExchangeJournal } from './llm/record.ts';
import { type FrontSession, type Over, openSession } from './session.ts';

export interface BotOrder {
  /** The first one is what DATABASE_URL and PG* point at. */
  readonly connections: readonly string[];
  readonly bot: BotClaim;
  readonly reason?: string;
  /** Put a door between the bot and its model, and record what passes. */
  readonly models: boolean;
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
}

/** Where each API is when the caller's environment does not say, and the variable that says it. */
const APIS: Readonly<Record<ApiName, { readonly variable: string; readonly url: string }>> = {
  anthropic: { variable: 'ANTHROPIC_BASE_URL', url: 'https://api.anthropic.com' },
  openai: { variable: 'OPENAI_BASE_URL', url: 'https://api.openai.com/v1' },
};

/** `prod-db` → `PROD_DB_URL`. */
export function urlVariable(connection: string): string {
  return `${connection.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_URL`;
}

/** Where the caller's own settings say an API is. Throws `usage` for an address that would carry the caller's key in the open. */
export function upstreamOf(api: ApiName, environment: Readonly<Record<string, string | undefined>>): string {
  const { variable, url } = APIS[api];
  const given = environment[variable] || url;
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  const loopback = parsed && ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
  if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback))
    return given.replace(/\/+$/, '');
  const reason = `${variable} must be an https:// address (http:// only on loopback)`;
  throw new BrokerError('usage', { reason, command: 'run' });
}

interface Door extends Company {
  readonly environment: Readonly<Record<string, string>>;
}

/** Without a door nothing of the model is recorded, and nothing runs beside the client. */
const NO_DOOR: Door = { environment: {}, over: new Promise(() => undefined), settle: async () => undefined };

async function openDoor(
  context: RunContext,
  order: BotOrder,
  sessions: readonly FrontSession[],
): Promise<Door> {
  const upstreams = {
    anthropic: upstreamOf('anthropic', context.environment),
    openai: upstreamOf('openai', context.environment),
  };
  let fail: (over: Over) => void = () => undefined;
  const over = new Promise<Over>((resolve) => {
    fail = resolve;
  });
  const about = { clock: context.clock, tool: `broker/${versionOf()}`, bot: order.bot.name };
  const opened = sessions.map((session) => session.opened);
  const journal: ExchangeJournal = openExchangeJournal(opened, about);
  const door: ModelProxy = await openModelProxy({
    secret: randomBytes(24).toString('base64url'),
    upstreams,
    onExchange: (exchange) => {
      try {
        journal.record(exchange);
      } catch (error) {
        fail({ end: 'failed', reason: 'what its model said could not be recorded' });
        throw error;
      }
    },
  });
  const variables = (Object.keys(APIS) as ApiName[]).map((api) => [APIS[api].variable, door.base(api)]);
  return {
    environment: Object.fromEntries(variables) as Record<string, string>,
    over,
    settle: async () => {
      await door.close();
      await journal.close();
    },
  };
}

function prepare(
  order: BotOrder,
  context: RunContext,
  sessions: readonly FrontSession[],
  door: Door,
): Prepared {
  const [first] = sessions;
  if (!first) throw new BrokerError('bug', { reason: 'a bot runs without a session' });
  const urls = sessions.map(({ opened }) => [urlVariable(opened.connection), sessionUri(opened)] as const);
  const own = programEnvironment(first.opened, context.environment);
  const prepared = {
    file: order.file,
    args: order.args,
    environment: { ...own, ...Object.fromEntries(urls), ...door.environment },
    clean: () => undefined,
  };
  const lent = sessions.flatMap((session) => session.lent);
  return withoutLent(prepared, lent, context.environment);
}

async function openAll(client: AgentClient, context: RunContext, order: BotOrder): Promise<FrontSession[]> {
  const sessions: FrontSession[] = [];
  const { cwd, home, environment, signal } = context;
  const common = { client: 'run' as const, port: 0, bot: order.bot, cwd, home, environment, signal };
  try {
    for (const connection of order.connections) {
      const { reason } = order;
      const session = await openSession(client, {
        ...common,
        connection,
        ...(reason === undefined ? {} : { reason }),
      });
      sessions.push(session);
      greet(context, session.opened);
    }
    return sessions;
  } catch (error) {
    await closeAll(sessions, 'another session could not be opened');
    throw error;
  }
}

async function closeAll(sessions: readonly FrontSession[], reason: string): Promise<void> {
  await Promise.all(sessions.map((session) => session.close({ reason })));
}

/** Runs a program as a bot in sessions of its own. Returns its exit code; its terminal is recorded in the first session. */
export async function runBot(client: AgentClient, context: RunContext, order: BotOrder): Promise<number> {
  const sessions = await openAll(client, context, order);
  const [first, ...others] = sessions;
  if (!first) throw new BrokerError('usage', { reason: 'give a connection with --with', command: 'run' });
  let prepared: Prepared | undefined;
  let door: Door = NO_DOOR;
  try {
    if (order.models) door = await openDoor(context, order, sessions);
    prepared = prepare(order, context, sessions, door);
    const { over, settle } = door;
    const ends = Promise.race([over, ...others.map((session) => session.over)]);
    const exit = await runIn(context, first, prepared, { over: ends, settle });
    await closeAll(others, 'the client ended');
    return exit;
  } catch (error) {
    await door.settle().catch(() => undefined);
    await closeAll(others, 'the client could not go on');
    await first.close({ reason: 'the client could not run', exit: EXIT.launcher });
    throw error instanceof BrokerError ? error : startFailure(basename(order.file), prepared, error);
  }
}
