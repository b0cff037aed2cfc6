// What server a front stands before, and how it is begun: a program of this machine, or an address. Must never give either more than its part.
import { basename } from 'node:path';
import type { AgentClient } from '../../agent/client.ts';
import type { FrontContext } from '../compose.ts';
import { configurationText } from './configuration.ts';
import { lentSecrets, withLent } from './lent.ts';
import { RemoteServer } from './remote/remote-server.ts';
import type { McpServer } from './server.ts';
import { ServerProcess } from './server-process.ts';
import { type Door, serverArguments, serverEnvironment } from './templates.ts';

interface CommonOrder {
  readonly connection: string;
  /** Further connections the server is told of. */
  readonly others: readonly string[];
  readonly reason?: string;
  /** Milliseconds a call waits for people before its host is told to come back. */
  readonly hold: number;
}

export interface LocalOrder extends CommonOrder {
  /** The server's program, found, and its arguments as they were typed. */
  readonly file: string;
  readonly args: readonly string[];
  /** What makes it the same server the next time, when that is not how it is started. */
  readonly identity?: readonly string[];
  readonly url?: undefined;
}

export interface RemoteOrder extends CommonOrder {
  readonly url: URL;
}

export type McpOrder = LocalOrder | RemoteOrder;

export interface StartParts {
  readonly context: FrontContext;
  agent(): Promise<AgentClient>;
  say(line: string): void;
}

export async function startServer(
  order: McpOrder,
  doors: readonly Door[],
  parts: StartParts,
): Promise<McpServer> {
  const { connection, url } = order;
  if (url !== undefined) return new RemoteServer({ ...parts, connection, url });
  const { environment, cwd } = parts.context;
  const env = serverEnvironment(environment, doors, configurationText(parts.context));
  const args = serverArguments(order.args, doors);
  const lent = await lentSecrets([...args, ...Object.values(env)], connection, parts.agent);
  return new ServerProcess(order.file, args.map(lent), { env: withLent(env, lent), cwd });
}

/** What makes it the same server the next time. */
export function identityOf(order: McpOrder): readonly string[] {
  if (order.url !== undefined) return ['url', order.url.href];
  return order.identity ?? [order.file, ...order.args];
}

/** For people: its program, or its host. */
export function programOf(order: McpOrder): string {
  return order.url === undefined ? basename(order.file) : order.url.host;
}

/** For the record: how it was started, or where it is. */
export function commandOf(order: McpOrder): string {
  if (order.url === undefined) return [basename(order.file), ...order.args].join(' ');
  // Some addresses carry a key behind the question mark.
  const { origin, pathname, search } = order.url;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}
