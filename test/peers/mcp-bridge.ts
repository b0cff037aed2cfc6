// Streamable HTTP in front of an MCP server on stdio, for suites that speak nothing else. Loopback only; it changes ids and nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>>; readonly progressToken?: unknown };
  readonly error?: { readonly code: number };
}

const VERSION = 'io.modelcontextprotocol/protocolVersion';
/** JSON-RPC errors that have an HTTP status of their own. */
const STATUS: Readonly<Record<number, number>> = {
  [-32601]: 404,
  [-32602]: 400,
  [-32020]: 400,
  [-32021]: 400,
  [-32022]: 400,
};

/** One request under way: what is said before its answer goes where its answer goes. */
interface Stream {
  readonly id: string | number;
  readonly reply: ServerResponse;
  readonly token: unknown;
}

/** One server on stdio, and who waits for it. */
class Child {
  readonly process: ChildProcess;
  readonly #open = new Map<string, Stream>();
  #count = 0;

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>, cwd: string) {
    const [program = '', ...args] = command;
    this.process = spawn(program, args, { env: environment, cwd, stdio: ['pipe', 'pipe', 'ignore'] });
    if (this.process.stdout)
      createInterface({ input: this.process.stdout }).on('line', (line) =>
        this.#said(JSON.parse(line) as Message),
      );
  }

  request(message: Message, reply: ServerResponse): void {
    this.#count += 1;
    const id = `bridge-${this.#count}`;
    const token = message.params?._meta?.['progressToken'];
    this.#open.set(id, { id: message.id ?? '', reply, token });
    reply.once('close', () => this.#open.delete(id));
    this.write({ ...message, id });
  }

  write(message: Message): void {
    this.process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  end(): void {
    this.process.stdin?.end();
  }

  #said(message: Message): void {
    if (message.method === undefined) this.#answered(message);
    else {
      const { params } = message;
      const streams = [...this.#open.values()];
      const own = streams.find(({ token }) => token !== undefined && token === params?.progressToken);
      const stream = own ?? streams.at(-1);
      if (stream) tell(stream.reply, message);
    }
  }

  #answered(message: Message): void {
    const key = String(message.id);
    const stream = this.#open.get(key);
    if (!stream) return;
    this.#open.delete(key);
    const answer = { ...message, id: stream.id };
    if (stream.reply.headersSent) {
      tell(stream.reply, answer);
      stream.reply.end();
      return;
    }
    const status = message.error ? (STATUS[message.error.code] ?? 200) : 200;
    stream.reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

function tell(reply: ServerResponse, message: Message): void {
  if (!reply.headersSent) reply.writeHead(200, { 'content-type': 'text/event-stream' });
  reply.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

async function bodyOf(call: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of call) body += String(chunk);
  return body;
}

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

function isForeign({ headers: { host = '', origin } }: IncomingMessage): boolean {
  return !LOCAL.test(host) || (origin !== undefined && !LOCAL.test(origin.replace(/^https?:\/\//, '')));
}

export interface Bridge {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts `command` for each session of the handshake era, and once for all requests of the stateless one. */
export async function bridge(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Bridge> {
  const sessions = new Map<string, Child>();
  const start = (): Child => new Child(command, environment, cwd);
  let shared: Child | undefined;

  const post = async (call: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const message = JSON.parse(await bodyOf(call)) as Message;
    const session = call.headers['mcp-session-id'];
    let child = typeof session === 'string' ? sessions.get(session) : undefined;
    if (typeof session === 'string' && !child) {
      reply.writeHead(404).end();
      return;
    }
    if (message.method === 'initialize') {
      const id = randomUUID();
      child = start();
      sessions.set(id, child);
      reply.setHeader('mcp-session-id', id);
    }
    if (!child) {
      const named = message.params?._meta?.[VERSION];
      const header = call.headers['mcp-protocol-version'];
      if (named !== undefined && header !== undefined && named !== header) {
        const error = { code: -32020, message: 'the header says another version than the request' };
        const body = JSON.stringify({ jsonrpc: '2.0', id: message.id, error });
        reply.writeHead(400, { 'content-type': 'application/json' }).end(body);
        return;
      }
      shared ??= start();
      child = shared;
    }
    if (message.id !== undefined && message.method !== undefined) child.request(message, reply);
    else {
      child.write(message);
      reply.writeHead(202).end();
    }
  };

  const server = createServer((call, reply) => {
    if (isForeign(call)) reply.writeHead(403).end();
    else if (call.method === 'POST') post(call, reply).catch(() => reply.writeHead(400).end());
    else if (call.method === 'DELETE') {
      const id = String(call.headers['mcp-session-id']);
      sessions.get(id)?.end();
      sessions.delete(id);
      reply.writeHead(200).end();
    } else reply.writeHead(405).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: async () => {
      const children = [...sessions.values(), ...(shared ? [shared] : [])];
      const gone = children.map(
        ({ process: child }) =>
          new Promise<void>((resolve) =>
            child.exitCode === null ? child.once('close', () => resolve()) : resolve(),
          ),
      );
      for (const child of children) child.end();
      server.closeAllConnections();
      await Promise.all([...gone, new Promise((resolve) => server.close(resolve))]);
    },
  };
}
