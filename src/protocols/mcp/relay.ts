// Between one host and one server: what passes, what is refused, whose answer is whose. Sans-IO; must never let through a line it did not read.
import { Flood } from './flood.ts';
import { LineFramer, MAX_LINE } from './framer.ts';
import type { Guard, Verdict } from './guard.ts';
import { Held } from './held.ts';
import {
  encode,
  type Id,
  isId,
  lineOf,
  type Message,
  type Notification,
  parseMessage,
  type Request,
  type Response,
} from './message.ts';
import { Pending } from './pending.ts';
import { invalidRequest, methodGone, tooLong, unsupportedVersion } from './refusals.ts';
import { HANDSHAKE_VERSIONS, isGone, versionProblem } from './versions.ts';

/** Where lines go, without their ends. */
export interface Wires {
  host(bytes: Buffer): void;
  server(bytes: Buffer): void;
}

/** A request of broker itself to the server. */
interface Own {
  resolve(response: Response): void;
  reject(error: Error): void;
}

export class Relay<M = unknown> {
  readonly #guard: Guard<M>;
  readonly #wires: Wires;
  readonly #limit: number;
  readonly #hostLines: LineFramer;
  readonly #serverLines: LineFramer;
  readonly #fromHost = new Pending<Held<M>>();
  readonly #fromServer = new Pending<Request>();
  readonly #own = new Map<Id, Own>();
  readonly #flood = new Flood();

  constructor(guard: Guard<M>, wires: Wires, limit = MAX_LINE) {
    this.#guard = guard;
    this.#wires = wires;
    this.#limit = limit;
    this.#hostLines = new LineFramer(limit);
    this.#serverLines = new LineFramer(limit);
  }

  /** Requests of the host under way. */
  get waiting(): number {
    return this.#fromHost.size;
  }

  /** Notifications are held back: call `tick` within `INTERVAL`. */
  get holding(): boolean {
    return this.#flood.holding;
  }

  /** Bytes of unfinished lines and of requests that wait for a decision. */
  pushHost(chunk: Uint8Array): void {
    for (const line of this.#hostLines.push(chunk)) {
      if (line.kind === 'outsize') this.#outsizeFromHost(line.id, line.method, line.length);
      else this.#hostLine(line.bytes);
    }
  }

  pushServer(chunk: Uint8Array, now: number): void {
    for (const line of this.#serverLines.push(chunk)) {
      if (line.kind === 'outsize') this.#outsizeFromServer(line.id, line.method, line.length);
      else this.#serverLine(line.bytes, now);
    }
  }

  tick(): void {
    for (const notification of this.#flood.release()) this.#toHost(notification);
  }

  /** Asks the server something in broker's own name. The id must be one that nobody can guess. */
  ask(id: string, method: string, params: object): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#own.set(id, { resolve, reject });
      this.#wires.server(lineOf(encode({ jsonrpc: '2.0', id, method, params })));
    });
  }

  /** One side is gone: nothing that waits will be answered any more. */
  end(answer?: (request: Request) => Buffer): void {
    for (const held of [...this.#fromHost.values()]) {
      held.leave();
      if (answer && !held.cancelled) this.#wires.host(lineOf(answer(held.request)));
      this.#fromHost.take(held.request.id);
    }
    for (const own of this.#own.values()) own.reject(new Error('the server is gone'));
    this.#own.clear();
  }

  #hostLine(bytes: Buffer): void {
    const parsed = parseMessage(bytes, 'host');
    if (!parsed.ok) {
      this.#guard.dropped('host', parsed.reason);
      if (parsed.id !== undefined && !this.#fromHost.get(parsed.id))
        this.#wires.host(lineOf(invalidRequest(parsed.id, parsed.reason)));
      return;
    }
    const { message } = parsed;
    if (message.kind === 'request') this.#hostRequest(message);
    else if (message.kind === 'notification') this.#hostNotification(message);
    else this.#hostResponse(message);
  }

  #hostRequest(request: Request): void {
    if (isGone(request.method, request.params)) {
      this.#wires.host(lineOf(methodGone(request.id, request.method)));
      return;
    }
    const version = versionProblem(request.method, request.params);
    if (version) {
      this.#wires.host(lineOf(unsupportedVersion(request.id, version)));
      return;
    }
    const held = new Held<M>(request);
    const problem = this.#own.has(request.id)
      ? 'its id is one of broker'
      : this.#fromHost.add(request.id, held);
    if (problem) {
      this.#guard.dropped('host', problem);
      // An answer with the id of a request that waits would be taken for that one's.
      if (!this.#fromHost.get(request.id)) this.#wires.host(lineOf(invalidRequest(request.id, problem)));
      return;
    }
    const verdict = this.#guard.request(request, held);
    if (verdict instanceof Promise)
      verdict.then(
        (late) => this.#settle(held, late),
        (error: unknown) => this.#settle(held, failed(request, error)),
      );
    else this.#settle(held, verdict);
  }

  #settle(held: Held<M>, verdict: Verdict): void {
    const { request } = held;
    // It was cancelled while it was being decided, or everything is over.
    if (this.#fromHost.get(request.id) !== held) return;
    if (verdict.kind === 'forward') {
      held.forwarded = true;
      this.#wires.server(lineOf(verdict.bytes ?? request.bytes));
      return;
    }
    this.#fromHost.take(request.id);
    if (verdict.kind === 'answer') this.#wires.host(lineOf(verdict.bytes));
  }

  #hostNotification(notification: Notification): void {
    if (notification.method === 'notifications/cancelled' && this.#cancelled(notification)) return;
    this.#pass(this.#guard.fromHost(notification, undefined), notification, 'server');
  }

  /** True when the request never reached the server, so that the server need not hear of it. */
  #cancelled({ params }: Notification): boolean {
    const { requestId } = params;
    const held = isId(requestId) ? this.#fromHost.get(requestId) : undefined;
    if (!held) return false;
    held.cancelled = true;
    held.leave();
    if (held.forwarded) return false;
    this.#fromHost.take(held.request.id);
    return true;
  }

  #hostResponse(response: Response): void {
    const about = this.#fromServer.take(response.id);
    if (!about) {
      this.#guard.dropped('host', 'it answers a request that nobody made');
      return;
    }
    this.#pass(this.#guard.fromHost(response, about), response, 'server');
  }

  #outsizeFromHost(spelled: string | undefined, method: boolean, length: number): void {
    const reason = `it has ${length} bytes, more than ${this.#limit}`;
    this.#guard.dropped('host', reason);
    const id = readId(spelled);
    if (method && id !== undefined && !this.#fromHost.get(id))
      this.#wires.host(lineOf(invalidRequest(id, reason)));
  }

  #outsizeFromServer(spelled: string | undefined, method: boolean, length: number): void {
    const id = readId(spelled);
    const held = method || id === undefined ? undefined : this.#fromHost.get(id);
    if (!held?.forwarded || id === undefined) {
      this.#guard.dropped('server', `a line has ${length} bytes, more than ${this.#limit}`);
      return;
    }
    this.#fromHost.take(id);
    this.#guard.outsize(held.request, length, held);
    this.#wires.host(lineOf(tooLong(held.request, length, this.#limit)));
  }

  #serverLine(bytes: Buffer, now: number): void {
    const parsed = parseMessage(bytes, 'server');
    if (!parsed.ok) {
      this.#guard.dropped('server', parsed.reason);
      return;
    }
    const { message } = parsed;
    if (message.kind === 'response') {
      this.#serverResponse(message);
      return;
    }
    if (message.kind === 'notification') {
      if (this.#flood.admit(message, now)) this.#toHost(message);
      return;
    }
    const problem = this.#fromServer.add(message.id, message);
    if (problem) {
      this.#guard.dropped('server', problem);
      return;
    }
    const verdict = this.#guard.fromServer(message);
    const settle = (settled: Verdict): void => {
      if (settled.kind !== 'forward') this.#fromServer.take(message.id);
      this.#pass(settled, message, 'host');
    };
    if (!(verdict instanceof Promise)) settle(verdict);
    else verdict.then(settle, (error: unknown) => settle(failed(message, error)));
  }

  #toHost(notification: Notification): void {
    this.#pass(this.#guard.notice(notification), notification, 'host');
  }

  #serverResponse(response: Response): void {
    const own = this.#own.get(response.id);
    if (own) {
      this.#own.delete(response.id);
      own.resolve(response);
      return;
    }
    const held = this.#fromHost.get(response.id);
    if (!held?.forwarded) {
      this.#guard.dropped('server', 'it answers a request that nobody made');
      return;
    }
    this.#fromHost.take(response.id);
    const verdict =
      this.#unknownVersion(held.request, response) ?? this.#guard.answer(response, held.request, held);
    // A host that cancelled must get no answer; it was recorded all the same.
    if (held.cancelled) return;
    // What was held back about this request comes before its answer.
    this.tick();
    this.#pass(
      verdict.kind === 'answer' ? { kind: 'forward', bytes: verdict.bytes } : verdict,
      response,
      'host',
    );
  }

  #unknownVersion(request: Request, { id, result }: Response): Verdict | undefined {
    if (request.method !== 'initialize' || !result) return undefined;
    const version = String(result['protocolVersion']);
    if (HANDSHAKE_VERSIONS.includes(version)) return undefined;
    const problem = { requested: version, supported: HANDSHAKE_VERSIONS, era: 'handshake' } as const;
    return { kind: 'forward', bytes: unsupportedVersion(id, problem) };
  }

  #pass(verdict: Verdict, message: Message, to: 'host' | 'server'): void {
    if (verdict.kind === 'drop') return;
    const back = to === 'host' ? 'server' : 'host';
    if (verdict.kind === 'answer') {
      this.#wires[back](lineOf(verdict.bytes));
      return;
    }
    this.#wires[to](lineOf(verdict.bytes ?? message.bytes));
  }
}

function readId(spelled: string | undefined): Id | undefined {
  try {
    const id: unknown = spelled === undefined ? undefined : JSON.parse(spelled);
    return isId(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** A guard that fails has not allowed anything. */
function failed(request: Request, error: unknown): Verdict {
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: 'answer', bytes: invalidRequest(request.id, reason) };
}
