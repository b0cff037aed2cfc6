// The session of the handshake era with a remote MCP server: begun as the host began it, begun again when the server forgot it, listened to as
// long as it lasts. Must never greet in other words than the host's own.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedRequest } from '../../../lib/failed-request.ts';
import { BrokerError } from '../../../model/errors.ts';
import {
  HANDSHAKE_VERSIONS,
  type Message,
  type Request,
  type Response,
  resultLine,
} from '../../../protocols/mcp/index.ts';
import type { Authorization } from './authorization.ts';
import type { Endpoint, Reply } from './endpoint.ts';
import { type Exchanges, Expired, type Lines } from './exchange.ts';
import { Greeting, standIn } from './greeting.ts';
import type { Place } from './replies.ts';

interface Session {
  readonly id: string | undefined;
  readonly version: string;
  readonly over: AbortController;
}

export interface SessionPorts {
  readonly endpoint: Endpoint;
  readonly authorization: Authorization;
  readonly exchanges: Exchanges;
  readonly deliver: Lines;
  /** The front leaves. */
  readonly gone: AbortSignal;
  say(line: string): void;
}

/** Milliseconds: for what no person is waited for; between looks whether somebody signed in; for a farewell; between tries to listen. */
export const PATIENCE = 60_000;
const LOOK = 3000;
const FAREWELL = 500;
const LISTEN_AGAIN = 1000;
const LATEST = 30_000;
const VISIBLE = /^[\x21-\x7e]{1,4096}$/;

/** What a person mends while the host runs. */
const NEED_PERSON: ReadonlySet<string> = new Set(['remote-sign-in', 'not-signed-in', 'sign-in-expired']);

const freshId = (): string => `broker-${randomBytes(16).toString('hex')}`;
const nothing = async (): Promise<void> => undefined;

export class RemoteSession {
  readonly greeting = new Greeting();
  readonly #ports: SessionPorts;
  #session: Session | undefined;
  /** Nobody has signed in there: the host was greeted in the server's place. */
  #waiting = false;
  #restarting: Promise<void> | undefined;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  get begun(): boolean {
    return this.#session !== undefined;
  }

  /** Names the session that a request is sent in. */
  get current(): unknown {
    return this.#session;
  }

  headers(): Readonly<Record<string, string>> {
    if (!this.#session) return {};
    const { id, version } = this.#session;
    return { 'mcp-protocol-version': version, ...(id === undefined ? {} : { 'mcp-session-id': id }) };
  }

  /** Tells the server something that needs no answer. */
  async tell(message: Message, headers = this.headers()): Promise<void> {
    const { exchanges, gone: signal } = this.#ports;
    const order = { message, headers, signal, patience: PATIENCE, resumable: false, answered: nothing };
    await exchanges.run(order).catch((error: unknown) => {
      if (!signal.aborted && !(error instanceof Expired)) this.#ports.say(failedRequest(error));
    });
  }

  async close(): Promise<void> {
    const { exchanges } = this.#ports;
    if (this.#session?.id === undefined) return;
    const signal = AbortSignal.timeout(FAREWELL);
    const sent = { method: 'DELETE', headers: this.headers(), signal } as const;
    const reply = await exchanges.send(sent).catch(() => undefined);
    reply?.body.destroy();
  }

  /** The host's own greeting: answered by the server, or in its place while nobody has signed in there. */
  async begin(message: Request, signal: AbortSignal): Promise<void> {
    const { deliver, say } = this.#ports;
    this.greeting.hello = message;
    try {
      await deliver((await this.#greet(message, signal)).bytes);
    } catch (error) {
      if (!(error instanceof BrokerError) || !NEED_PERSON.has(error.code)) throw error;
      this.#waiting = true;
      say(`${error.message}; ${error.hint}`);
      void this.#look();
      await deliver(resultLine(message.id, standIn(message, error)));
    }
  }

  /** The server's answer to a greeting; afterwards there is a session, unless it refused. */
  async #greet(message: Request, signal: AbortSignal): Promise<Response> {
    let id: string | undefined;
    let answer: Response | undefined;
    await this.#ports.exchanges.run({
      message,
      headers: {},
      signal,
      patience: PATIENCE,
      resumable: false,
      head: (reply: Reply) => {
        id = reply.header('mcp-session-id');
      },
      answered: async (response) => {
        answer = response;
      },
    });
    if (!answer) throw this.#ports.endpoint.refused('did not answer');
    if (id !== undefined && !VISIBLE.test(id))
      throw this.#ports.endpoint.refused('gives a session no name that can be sent');
    const version = answer.result?.['protocolVersion'];
    if (answer.error) return answer;
    this.#session?.over.abort();
    this.#session = { id, version: String(version), over: new AbortController() };
    this.greeting.answer ??= answer;
    return answer;
  }

  /** Greets the server again as the host did, because it forgot the session `stale`. */
  restart(stale: unknown): Promise<void> {
    if (!this.#restarting && this.#session !== stale) return Promise.resolve();
    this.#restarting ??= this.#greetAgain().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async #greetAgain(): Promise<void> {
    const { gone: signal } = this.#ports;
    const hello = this.greeting.again(freshId());
    if (!hello) throw this.#ports.endpoint.refused('has forgotten the session', 'restart the host');
    if (this.#waiting) await this.#ports.authorization.again();
    const { result, error } = await this.#greet(hello, signal);
    if (error)
      throw this.#ports.endpoint.refused(
        `does not take the session up again: ${error.message}`,
        'restart the host',
      );
    if (!HANDSHAKE_VERSIONS.includes(String(result?.['protocolVersion'])))
      throw this.#ports.endpoint.refused('speaks another version than before', 'restart the host');
    const all = this.#waiting;
    this.#waiting = false;
    await this.tell(this.greeting.thanks ?? this.greeting.ownThanks());
    for (const again of this.greeting.remembered(freshId))
      await this.#ports.exchanges
        .run({
          message: again,
          headers: this.headers(),
          signal,
          patience: PATIENCE,
          resumable: false,
          answered: nothing,
        })
        .catch(() => undefined);
    void this.listen();
    for (const notice of this.greeting.changes(all)) await this.#ports.deliver(notice);
  }

  /** Waits for somebody to sign in. */
  async #look(): Promise<void> {
    const { gone: signal } = this.#ports;
    while (this.#waiting && !signal.aborted) {
      await sleep(LOOK, undefined, { signal }).catch(() => undefined);
      if (!this.#waiting || signal.aborted) return;
      if (await this.#ports.authorization.again().catch(() => false))
        await this.restart(undefined).catch(() => undefined);
    }
  }

  /** The stream on which the server speaks first, as long as there is this session. */
  async listen(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const signal = AbortSignal.any([session.over.signal, this.#ports.gone]);
    const place: Place = { lastId: '', retry: undefined };
    for (let tries = 0; !signal.aborted; tries++) {
      const last = place.lastId === '' ? {} : { 'last-event-id': place.lastId };
      const headers = { ...this.headers(), accept: 'text/event-stream', ...last };
      try {
        const reply = await this.#ports.exchanges.send({ method: 'GET', headers, signal });
        if (reply.status !== 200 || reply.type !== 'text/event-stream') {
          reply.body.destroy();
          if (reply.status < 500) return;
        } else {
          tries = 0;
          await this.#ports.exchanges.listen(reply, place);
        }
      } catch {
        // Tried again below.
      }
      const wait = Math.min(LATEST, place.retry ?? LISTEN_AGAIN * 2 ** Math.min(tries, 5));
      await sleep(Math.max(100, wait), undefined, { signal }).catch(() => undefined);
    }
  }
}
