// A remote MCP server as the front sees any other: lines in, lines out. It keeps up the HTTP session of the handshake era, and sends each
// request of the stateless era by itself. Must never send to the server what did not pass the relay, but to greet it again.
import { once, setMaxListeners } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { AgentClient } from '../../../agent/client.ts';
import { BrokerError } from '../../../model/errors.ts';
import {
  eraOf,
  idKey,
  LineFramer,
  MAX_LINE,
  messageHeaders,
  type Notification,
  parseMessage,
  type Request,
  type Response,
  refusalOf,
  tooLong,
} from '../../../protocols/mcp/index.ts';
import type { FrontContext } from '../../compose.ts';
import type { McpServer, ServerEnd } from '../server.ts';
import { Authorization } from './authorization.ts';
import { Endpoint } from './endpoint.ts';
import { Exchanges, Expired } from './exchange.ts';
import { Oversize } from './replies.ts';
import { PATIENCE, RemoteSession } from './session.ts';
import { ToolHeaders } from './tool-headers.ts';

export interface RemoteParts {
  readonly connection: string;
  readonly url: URL;
  readonly context: FrontContext;
  agent(): Promise<AgentClient>;
  /** Told to the person. */
  say(line: string): void;
}

export class RemoteServer implements McpServer {
  readonly stdin: Writable;
  readonly stdout = new PassThrough({ highWaterMark: 1 << 20 });
  readonly ended: Promise<ServerEnd>;
  readonly #endpoint: Endpoint;
  readonly #authorization: Authorization;
  readonly #exchanges: Exchanges;
  readonly #tools: ToolHeaders;
  readonly #gone = new AbortController();
  readonly #running = new Map<string, AbortController>();
  readonly #session: RemoteSession;
  #trouble: BrokerError | undefined;
  /** What has to be over before anything else is sent. */
  #gate: Promise<unknown> = Promise.resolve();
  #end: (end: ServerEnd) => void = () => undefined;

  constructor(order: RemoteParts) {
    // As many as there are requests under way.
    setMaxListeners(0, this.#gone.signal, this.stdout);
    this.#endpoint = new Endpoint(order.url);
    this.#authorization = new Authorization(order);
    const authorization = this.#authorization;
    const deliver = (bytes: Buffer) => this.#deliver(bytes);
    this.#exchanges = new Exchanges(this.#endpoint, authorization, deliver);
    this.#session = new RemoteSession({
      endpoint: this.#endpoint,
      authorization,
      exchanges: this.#exchanges,
      deliver,
      gone: this.#gone.signal,
      say: order.say,
    });
    this.#tools = new ToolHeaders(order.say);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const lines = new LineFramer(MAX_LINE * 2);
    this.stdin = new Writable({
      write: (chunk: Buffer, _, done) => {
        for (const line of lines.push(chunk)) if (line.kind === 'line') this.#take(line.bytes);
        done();
      },
    });
  }

  /** Why the last request was not answered by the server. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  begun(): void {
    this.#authorization.forget();
  }

  /** Ends what runs, and tells the server that its session is over. */
  async end(): Promise<void> {
    this.#gone.abort();
    await this.#session.close();
    this.#endpoint.close();
    this.#end({ code: 0, signal: null });
  }

  #take(bytes: Buffer): void {
    const parsed = parseMessage(bytes, 'host');
    if (!parsed.ok) return;
    const { message } = parsed;
    if (message.kind === 'request') void this.#request(message);
    else if (message.kind === 'notification') this.#notification(message);
    else void this.#gate.then(() => this.#session.tell(message));
  }

  #notification(message: Notification): void {
    const { method, params } = message;
    if (method === 'notifications/cancelled') {
      const { requestId } = params;
      const key = idKey(typeof requestId === 'number' ? requestId : String(requestId));
      // In the stateless era the end of its stream is what cancels a request; a session is told.
      if (!this.#session.begun) {
        this.#running.get(key)?.abort();
        return;
      }
    }
    if (method === 'notifications/initialized') this.#session.greeting.thanks = message;
    if (this.#session.waiting) return;
    const told = this.#gate.then(() => this.#session.tell(message, this.#headers(message)));
    if (method !== 'notifications/initialized') return;
    this.#gate = told;
    void told.then(() => this.#session.listen());
  }

  async #request(message: Request): Promise<void> {
    const abort = new AbortController();
    const key = idKey(message.id);
    this.#running.set(key, abort);
    const signal = AbortSignal.any([abort.signal, this.#gone.signal]);
    try {
      if (message.method === 'initialize') {
        const begun = this.#session.begin(message, signal);
        this.#gate = begun.catch(() => undefined);
        await begun;
      } else {
        await this.#gate;
        if (this.#session.waiting && eraOf(message.params) === 'handshake')
          await this.#session.restart(undefined);
        await this.#ask(message, signal);
      }
    } catch (error) {
      if (!signal.aborted) await this.#refuse(message, error);
    } finally {
      this.#running.delete(key);
    }
  }

  /** Sends it in the session there is, and once more in a new one when the server has forgotten that. */
  async #ask(message: Request, signal: AbortSignal): Promise<void> {
    const { current } = this.#session;
    try {
      await this.#send(message, signal);
    } catch (error) {
      if (!(error instanceof Expired)) throw error;
      await this.#session.restart(current);
      await this.#send(message, signal);
    }
    this.#session.greeting.remember(message);
  }

  #send(message: Request, signal: AbortSignal): Promise<void> {
    const patience =
      message.method === 'tools/call' || message.method === 'subscriptions/listen'
        ? {}
        : { patience: PATIENCE };
    return this.#exchanges.run({
      message,
      headers: this.#headers(message),
      signal,
      ...patience,
      resumable: eraOf(message.params) === 'handshake',
      answered: (response) => this.#answered(message, response),
    });
  }

  async #answered(message: Request, response: Response): Promise<void> {
    this.#trouble = undefined;
    const listed = message.method === 'tools/list' && eraOf(message.params) === 'stateless';
    await this.#deliver((listed ? this.#tools.see(response) : undefined) ?? response.bytes);
  }

  #headers(message: Request | Notification): Readonly<Record<string, string>> {
    const { method, params } = message;
    if (eraOf(params) === 'handshake') return this.#session.headers();
    return messageHeaders(method, params, method === 'tools/call' ? this.#tools.of(params['name']) : []);
  }

  #refuse(message: Request, error: unknown): Promise<void> {
    this.#trouble = error instanceof BrokerError ? error : undefined;
    if (error instanceof Oversize) return this.#deliver(tooLong(message, error.length, MAX_LINE));
    return this.#deliver(refusalOf(message, this.#endpoint.unreachable(error)));
  }

  async #deliver(bytes: Buffer): Promise<void> {
    const line = Buffer.concat([bytes, Buffer.from('\n')]);
    if (!this.stdout.write(line)) await once(this.stdout, 'drain', { signal: this.#gone.signal });
  }
}
