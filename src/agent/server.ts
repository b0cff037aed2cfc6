// The control socket: HTTP/1.1 over a unix socket, JSON answers and NDJSON streams. Must never listen anywhere else.
import { chmodSync, renameSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { BrokerError } from '../model/errors.ts';
import { toBrokerError } from './fault.ts';
import { LINE_LIMIT, readLines, writeLine } from './ndjson.ts';
import { look, removeOwn, secureFolder } from './place.ts';

export interface Call {
  /** Groups of the route's path. */
  readonly parameters: readonly string[];
  /** The JSON body of a plain request; an empty object when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface LinesCall {
  readonly parameters: readonly string[];
  readonly lines: AsyncGenerator<unknown, void, void>;
  /** False when the other side is gone. */
  send(message: unknown): boolean;
  /** Resolves when the other side has room again. */
  drained(): Promise<void>;
  /** Aborted when the other side is gone, however it went. */
  readonly gone: AbortSignal;
}

export type Route<Host> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: RegExp;
} & (
  | { readonly kind: 'json'; run(host: Host, call: Call): unknown }
  | { readonly kind: 'lines'; run(host: Host, call: LinesCall): Promise<void> }
);

export interface ControlServer {
  /** Moves the socket aside, so that another agent can take the name while ours keeps its sessions. */
  rename(name: string): void;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += chunk as string;
    if (text.length > LINE_LIMIT)
      throw new BrokerError('protocol-violation', { side: 'control client', reason: 'body too long' });
  }
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Worded below, like any other body that is not an object.
  }
  throw new BrokerError('protocol-violation', {
    side: 'control client',
    reason: 'body is not a JSON object',
  });
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(value ?? {});
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

async function runLines<Host>(
  route: Extract<Route<Host>, { kind: 'lines' }>,
  host: Host,
  parameters: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A front that is killed tears the request down as well; `gone` tells, the stream's own error has nothing to add.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const call: LinesCall = {
    parameters,
    lines: readLines(request),
    send: (message) => writeLine(response, message),
    drained: () =>
      response.writableNeedDrain && !response.destroyed
        ? new Promise((resolve) => {
            response.once('drain', resolve);
            response.once('close', resolve);
          })
        : Promise.resolve(),
    gone: goneSignal(response),
  };
  try {
    await route.run(host, call);
  } catch (error) {
    call.send({ type: 'error', error: toBrokerError(error).toJSON() });
  }
  response.end();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    const reason = 'its path is not well encoded';
    throw new BrokerError('protocol-violation', { side: 'control client', reason }, { cause });
  }
}

/** Finds the row of a request, runs it, and words its failure. */
export async function dispatch<Host>(
  routes: readonly Route<Host>[],
  host: Host,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  for (const route of routes) {
    const match = route.method === request.method ? route.path.exec(path) : null;
    if (!match) continue;
    try {
      const parameters = match.slice(1).map(decoded);
      if (route.kind === 'lines') return await runLines(route, host, parameters, request, response);
      return answerJson(response, 200, await route.run(host, { parameters, body: await readBody(request) }));
    } catch (error) {
      const failure = toBrokerError(error);
      return answerJson(response, failure.row.http ?? 500, { error: failure.toJSON() });
    }
  }
  const unknown = new BrokerError('protocol-violation', {
    side: 'control client',
    reason: `no route ${request.method} ${path}`,
  });
  answerJson(response, 404, { error: unknown.toJSON() });
}

/** Binds under a private name, closes it to others, then moves it into place: nobody ever sees it half made. */
function bind(server: Server, folder: string, name: string): Promise<void> {
  const draft = join(folder, `.${process.pid}.sock`);
  removeOwn(draft);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    server.listen(draft, () => {
      server.removeListener('error', reject);
      try {
        chmodSync(draft, 0o600);
        renameSync(draft, join(folder, name));
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    process.umask(before);
  });
}

/** Listens at `<folder>/<name>`. The caller holds the lock: whatever lies there is stale and is replaced. */
export async function serve<Host>(
  routes: readonly Route<Host>[],
  host: Host,
  folder: string,
  name: string,
): Promise<ControlServer> {
  secureFolder(folder);
  const answering = new Set<ServerResponse>();
  const server = createServer(
    { requestTimeout: 0, headersTimeout: 5000, keepAliveTimeout: 1 },
    (request, response) => {
      answering.add(response);
      response.once('close', () => answering.delete(response));
      void dispatch(routes, host, request, response);
    },
  );
  await bind(server, folder, name);
  let path = join(folder, name);
  const inode = look(path)?.ino;
  return {
    rename: (next) => {
      renameSync(path, join(folder, next));
      path = join(folder, next);
    },
    close: async () => {
      if (look(path)?.ino === inode) removeOwn(path);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Whoever only looks on, such as a board, is told that this is over; they find the next agent.
      for (const response of answering) if (response.headersSent) response.end();
      server.closeIdleConnections();
      await closed;
    },
  };
}
