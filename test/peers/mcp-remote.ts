// Remote MCP servers nobody here wrote, over HTTP: server-everything with its sessions, and the official library of version 2, open or
// protected as a resource server of a real authorization server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { McpPeers } from './mcp.ts';

export interface RemotePeer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const seen = await fetch(url).then(
      () => true,
      () => false,
    );
    if (seen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody answers at ${url}`);
}

const LOOPBACK = new URL('./loopback-only.cjs', import.meta.url).pathname;

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What answers once it is up. */
  readonly url: string;
}

async function run({ file, args, environment, url }: Program): Promise<RemotePeer> {
  const child = spawn(process.execPath, ['--require', LOOPBACK, file, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: 'ignore',
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await answers(url).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

/** server-everything with sessions, streams of events and an event store. */
export async function startEverything(
  peers: McpPeers,
  port?: number,
): Promise<RemotePeer & { readonly port: number }> {
  const chosen = port ?? (await freePort());
  const file = peers.server('@modelcontextprotocol/server-everything');
  const url = `http://127.0.0.1:${chosen}/mcp`;
  return {
    ...(await run({ file, args: ['streamableHttp'], environment: { PORT: String(chosen) }, url })),
    port: chosen,
  };
}

/** dbhub, with its own way to the database. */
export async function startDbhub(peers: McpPeers, dsn: string): Promise<RemotePeer> {
  const port = await freePort();
  const args = ['--transport', 'http', '--port', String(port)];
  const url = `http://127.0.0.1:${port}/mcp`;
  return run({
    file: peers.server('@bytebase/dbhub'),
    args,
    environment: { DSN: dsn, HOST: '127.0.0.1' },
    url,
  });
}

/** The official library's own example of a server with an authorization server, which approves whoever comes. */
export async function startExample(peers: McpPeers): Promise<RemotePeer> {
  const [port, auth] = [await freePort(), await freePort()];
  const file = join(
    peers.folder,
    'node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js',
  );
  const environment = { MCP_PORT: String(port), MCP_AUTH_PORT: String(auth) };
  const url = `http://localhost:${port}/mcp`;
  const peer = await run({ file, args: ['--oauth', '--oauth-strict'], environment, url });
  await answers(`http://localhost:${auth}/`);
  return peer;
}

interface WebHandler {
  fetch(request: Request, options?: { authInfo?: unknown }): Promise<Response>;
  close(): Promise<void>;
}

interface ServerLibrary {
  McpServer: new (
    info: object,
  ) => {
    registerTool(
      name: string,
      about: object,
      run: (given: Record<string, unknown>, context: unknown) => Promise<unknown>,
    ): void;
  };
  fromJsonSchema(schema: object): unknown;
  createMcpHandler(make: () => unknown, options?: object): WebHandler;
  requireBearerAuth(options: object): (request: Request) => Promise<unknown>;
  bearerAuthChallengeResponse(error: unknown, options: object): Response;
  OAuthError: new (code: string, message: string) => Error;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface OfficialPeer extends RemotePeer {
  readonly seen: Seen[];
  /** Tokens that count from now on; `undefined`: all that are valid. */
  believe(tokens: ((token: string) => boolean) | undefined): void;
}

export interface OfficialOptions {
  /** Issuer of the tokens it takes; without one it takes everybody. */
  readonly issuer?: string;
  /** Named by its metadata instead of the issuer. */
  readonly authorizationServers?: readonly string[];
  readonly path?: string;
}

const text = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] };
const region = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
  },
};
const wrong = {
  type: 'object',
  properties: { list: { type: 'array', items: { type: 'string', 'x-mcp-header': 'Nope' } } },
};

function makeServer({ McpServer, fromJsonSchema }: ServerLibrary) {
  const server = new McpServer({ name: 'official', version: '2' });
  const say = async (given: Record<string, unknown>) => ({
    content: [{ type: 'text', text: JSON.stringify(given) }],
  });
  for (const [name, schema] of Object.entries({ echo: text, write: text, place: region, misplaced: wrong }))
    server.registerTool(
      name,
      { description: `${name} of its arguments`, inputSchema: fromJsonSchema(schema) },
      say,
    );
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function reply(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) {
    response.end();
    return;
  }
  const body = Readable.fromWeb(answer.body as never);
  response.once('close', () => body.destroy());
  body.on('error', () => response.destroy());
  body.pipe(response);
}

/** Both eras, without sessions. `write` needs the scope `mcp:write` where tokens are asked for. */
export async function startOfficial(peers: McpPeers, options: OfficialOptions = {}): Promise<OfficialPeer> {
  const library = await peers.load<ServerLibrary>('@modelcontextprotocol/server');
  const handler = library.createMcpHandler(() => makeServer(library));
  const { issuer, path = '/mcp' } = options;
  const seen: Seen[] = [];
  let believed: ((token: string) => boolean) | undefined;
  let origin = '';
  const metadata = () => `${origin}/.well-known/oauth-protected-resource${path}`;
  const verifier = {
    verifyAccessToken: async (token: string) => {
      const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
      const { payload } = await jwtVerify(token, keys, {
        issuer: issuer ?? '',
        audience: `${origin}${path}`,
      }).catch((error: unknown) => {
        throw new library.OAuthError('invalid_token', String(error));
      });
      if (believed && !believed(token))
        throw new library.OAuthError('invalid_token', 'not believed any more');
      const {
        scope,
        exp,
        client_id: clientId,
      } = payload as { scope?: string; exp?: number; client_id?: string };
      return { token, clientId, scopes: (scope ?? '').split(' '), expiresAt: exp };
    },
  };
  const gate = (scopes: string[]) =>
    library.requireBearerAuth({ verifier, requiredScopes: scopes, resourceMetadataUrl: metadata() });
  const answer = async (request: Request, body: string): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === `/.well-known/oauth-protected-resource${path}` && issuer !== undefined)
      return Response.json({
        resource: `${origin}${path}`,
        authorization_servers: options.authorizationServers ?? [issuer],
        scopes_supported: ['mcp:read'],
      });
    if (pathname !== path) return new Response('not here', { status: 404 });
    if (issuer === undefined) return handler.fetch(request);
    const wanted = body.includes('"write"') ? ['mcp:read', 'mcp:write'] : ['mcp:read'];
    const auth = await gate(wanted)(request);
    return auth instanceof Response ? auth : handler.fetch(request, { authInfo: auth });
  };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const { method = 'GET', headers, url = '/' } = request;
      seen.push({ method, path: url, headers, body });
      const given = Object.entries(headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as [string, string]] : [],
      );
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const asked = new Request(`${origin}${url}`, {
        method,
        headers: given,
        signal: gone.signal,
        ...(body === '' ? {} : { body }),
      });
      await reply(response, await answer(asked, body));
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}${path}`,
    seen,
    believe: (tokens) => {
      believed = tokens;
    },
    stop: async () => {
      await handler.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
