// One request or notification to a remote MCP server and everything that comes back for it. Must never leave a request unanswered that the
// server has given up.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokerError } from '../../../model/errors.ts';
import { idKey, MAX_LINE, type Message, parseMessage, type Response } from '../../../protocols/mcp/index.ts';
import type { Authorization } from './authorization.ts';
import type { Endpoint, Reply, Sent } from './endpoint.ts';
import { eventMessages, Oversize, type Place, wholeBody } from './replies.ts';

/** Takes what the server said, one message, as it came. Resolves when there is room for more. */
export type Lines = (bytes: Buffer) => Promise<void>;

export interface Order {
  readonly message: Message;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds until an answer must have begun. */
  readonly patience?: number;
  /** A stream that breaks may be taken up where it broke. */
  readonly resumable: boolean;
  /** Takes the answer itself. */
  answered(response: Response): Promise<void>;
  /** Looks at the head of the answer before anything of it is read. */
  head?(reply: Reply): void;
}

/** The session this was sent in is no longer known to the server. */
export class Expired extends Error {}

/** Milliseconds before a broken stream is taken up, when the server does not say; never less than the second, more than the third. */
const RETRY = 1000;
const EARLIEST = 100;
const LATEST = 30_000;
/** Tries in a row that bring nothing. */
const MOST_TRIES = 6;
/** Milliseconds a stream is still listened to after its answer. */
const AFTER = 1000;
const COMPLAINT = 64 * 1024;

const ACCEPT = 'application/json, text/event-stream';
const NO_SESSION = /session/i;

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

function failureIn(bytes: Buffer): Failure | undefined {
  try {
    const { error } = JSON.parse(bytes.toString('utf8')) as { error?: Partial<Failure> };
    if (!Number.isSafeInteger(error?.code) || typeof error?.message !== 'string') return undefined;
    const { code, message, data } = error as Failure;
    return { code, message, ...(data === undefined ? {} : { data }) };
  } catch {
    return undefined;
  }
}

export class Exchanges {
  readonly #endpoint: Endpoint;
  readonly #authorization: Authorization;
  readonly #deliver: Lines;

  constructor(endpoint: Endpoint, authorization: Authorization, deliver: Lines) {
    this.#endpoint = endpoint;
    this.#authorization = authorization;
    this.#deliver = deliver;
  }

  /** Asked with whatever token is good just now. */
  send(sent: Sent): Promise<Reply> {
    return this.#authorization.authorized((headers) =>
      this.#endpoint.send({ ...sent, headers: { ...sent.headers, ...headers } }),
    );
  }

  /** Resolves when it was answered. Throws Expired, and what a person or a model can read. */
  async run(order: Order): Promise<void> {
    const { message, headers, signal, patience } = order;
    const reply = await this.send({
      method: 'POST',
      headers: { ...headers, accept: ACCEPT },
      body: message.bytes,
      signal,
      ...(patience === undefined ? {} : { patience }),
    });
    if (reply.status < 200 || reply.status > 299) return this.#failed(reply, order);
    order.head?.(reply);
    if (message.kind !== 'request') {
      // There is nothing to say to it; whoever says much is not listened to.
      reply.body.resume();
      setTimeout(() => reply.body.destroy(), AFTER).unref();
      return;
    }
    const answered = await this.#read(reply, order).catch((error: unknown) => {
      throw signal.aborted || error instanceof Oversize ? error : this.#endpoint.unreachable(error);
    });
    if (!answered) throw this.#endpoint.refused('did not answer', 'try again');
  }

  /** Passes on a stream that belongs to no request, until it ends. */
  async listen(reply: Reply, place: Place): Promise<void> {
    for await (const bytes of eventMessages(reply, MAX_LINE, place)) await this.#deliver(bytes);
  }

  async #failed(reply: Reply, order: Order): Promise<void> {
    const { message, headers } = order;
    const body = await wholeBody(reply, COMPLAINT).catch(() => Buffer.alloc(0));
    const failure = failureIn(body);
    const session = headers['mcp-session-id'] !== undefined;
    // The specification says 404; some servers say 400 of a session that a restart made them forget.
    if (
      session &&
      (reply.status === 404 || (reply.status === 400 && NO_SESSION.test(failure?.message ?? '')))
    )
      throw new Expired();
    if (message.kind !== 'request' || !failure) throw this.#complaint(reply);
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: failure }));
    const parsed = parseMessage(bytes, 'server');
    if (!parsed.ok || parsed.message.kind !== 'response') throw this.#complaint(reply);
    await order.answered(parsed.message);
  }

  #complaint({ status }: Reply): BrokerError {
    const old = status === 404 || status === 405;
    const mend = old
      ? 'check the address: it must be that of a server that speaks streamable HTTP'
      : 'ask who runs the server';
    return this.#endpoint.refused(`answers with status ${status}`, mend);
  }

  /** True when the answer came. */
  async #read(reply: Reply, order: Order): Promise<boolean> {
    if (reply.type !== 'text/event-stream') {
      if (reply.type === 'application/json') return this.#pass(await wholeBody(reply, MAX_LINE), order);
      reply.body.destroy();
      throw this.#endpoint.refused(`answers with ${reply.type || 'something'} instead of JSON`);
    }
    const place: Place = { lastId: '', retry: undefined };
    let tries = 0;
    let stream: Reply | undefined = reply;
    for (;;) {
      const before = place.lastId;
      const broken = stream ? await this.#follow(stream, order, place) : false;
      if (broken === true) return true;
      if (!order.resumable || place.lastId === '') {
        if (broken instanceof Error) throw broken;
        return false;
      }
      tries = place.lastId === before && tries > 0 ? tries + 1 : 1;
      if (tries > MOST_TRIES) throw broken instanceof Error ? broken : new Error('its stream broke off');
      const wait = Math.max(EARLIEST, Math.min(LATEST, place.retry ?? RETRY * tries));
      await sleep(wait, undefined, { signal: order.signal });
      stream = await this.#resume(order, place);
    }
  }

  async #resume({ headers, signal }: Order, place: Place): Promise<Reply | undefined> {
    const more = { accept: 'text/event-stream', 'last-event-id': place.lastId };
    const sent = { method: 'GET', headers: { ...headers, ...more }, signal, patience: LATEST } as const;
    const reply = await this.send(sent).catch(() => undefined);
    if (!reply) return undefined;
    if (reply.status === 200 && reply.type === 'text/event-stream') return reply;
    reply.body.destroy();
    if (reply.status === 404 || reply.status === 405 || reply.status === 400)
      throw new Error('its stream broke off and cannot be taken up again');
    return undefined;
  }

  /** True once the answer came; what broke the stream otherwise. */
  async #follow(reply: Reply, order: Order, place: Place): Promise<boolean | Error> {
    let answered = false;
    let after: NodeJS.Timeout | undefined;
    try {
      for await (const bytes of eventMessages(reply, MAX_LINE, place)) {
        if (!(await this.#pass(bytes, order)) || answered) continue;
        answered = true;
        after = setTimeout(() => reply.body.destroy(), AFTER);
      }
    } catch (error) {
      if (answered) return true;
      if (order.signal.aborted || !(error instanceof Error) || error instanceof Oversize) throw error;
      return error;
    } finally {
      clearTimeout(after);
    }
    return answered;
  }

  /** True when it is the answer. What cannot be read is for the relay to refuse, and answers nothing. */
  async #pass(bytes: Buffer, { message, answered }: Order): Promise<boolean> {
    const parsed = parseMessage(bytes, 'server');
    const response = parsed.ok && parsed.message.kind === 'response' ? parsed.message : undefined;
    const own = response && message.kind === 'request' && idKey(response.id) === idKey(message.id);
    if (own) await answered(response);
    else await this.#deliver(bytes);
    return own ?? false;
  }
}
