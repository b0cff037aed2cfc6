// The client's half of start-up: encryption requests, parameters, and proof of the session secret. Bounded in size and time.
import { FROM_CLIENT, FROM_SERVER, fieldsMessage, int32, message, Reader, violation } from './messages.ts';
import { SCRAM, ScramError, type ScramKeys, ScramServer } from './scram.ts';
import type { Wire, WireHandler } from './wire.ts';

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
/** MAX_STARTUP_PACKET_LENGTH of the server. */
const MAX_PACKET = 10_000;
const MAX_SASL = 2_048;
/** Newest minor version of protocol 3 we speak. */
const NEWEST_MINOR = 2;
const NO = Buffer.from('N');
const NOTHING = Buffer.alloc(0);

/** The client left, took too long, or said something that is not the protocol. */
export class StartupError extends Error {}

/** Waits for exact numbers of bytes from a client that has proved nothing yet. */
export class Arrivals implements WireHandler {
  readonly #wire: Wire;
  #bytes: Buffer = NOTHING;
  #wanted = 0;
  #waiting: { resolve(): void; reject(error: Error): void } | undefined;
  #failed: Error | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.handler = this;
    wire.resume();
  }

  get buffered(): number {
    return this.#bytes.length;
  }

  data(chunk: Buffer, start: number, end: number): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(start, end)]);
    if (this.#bytes.length > 4 * MAX_PACKET) this.#wire.pause();
    this.#serve();
  }

  drained(): void {}

  ended(): void {
    this.fail(new StartupError('the client left during start-up'));
  }

  closed(): void {
    this.fail(new StartupError('the client left during start-up'));
  }

  fail(error: Error): void {
    this.#failed ??= error;
    this.#serve();
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (this.#bytes.length >= this.#wanted) waiting.resolve();
    else if (this.#failed) waiting.reject(this.#failed);
    else return;
    this.#waiting = undefined;
  }

  async #ahead(size: number): Promise<void> {
    this.#wanted = size;
    const ready = new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#serve();
    await ready;
  }

  /** One message: `typed` ones have a type byte in front of their length. */
  async message(typed: boolean, most: number): Promise<{ type: number; body: Buffer }> {
    const head = typed ? 5 : 4;
    await this.#ahead(head);
    const length = this.#bytes.readInt32BE(head - 4);
    if (length < 4 || length > most) throw new StartupError(`a start-up message of ${length} bytes`);
    await this.#ahead(head - 4 + length);
    const type = typed ? (this.#bytes[0] as number) : 0;
    const body = this.#bytes.subarray(head, head - 4 + length);
    this.#bytes = this.#bytes.subarray(head - 4 + length);
    return { type, body };
  }

  /** Gives up the wire, paused, with what the client sent ahead. */
  release(): Buffer {
    this.#wire.pause();
    const early = this.#bytes;
    this.#bytes = NOTHING;
    return early;
  }
}

export type Opening =
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: Buffer }
  | {
      readonly kind: 'start';
      /** Protocol 3.0 or 3.2. */
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
      /** `_pq_.` options we do not know; the client is told. */
      readonly unknown: readonly string[];
      /** The client asked for a newer minor version than we speak. */
      readonly tooNew: boolean;
    };

/** Answers encryption requests, each at most once, and reads the first real packet. */
export async function readOpening(arrivals: Arrivals, wire: Wire): Promise<Opening> {
  const asked = new Set<number>();
  for (;;) {
    const { body } = await arrivals.message(false, MAX_PACKET);
    const reader = new Reader('client', body, 0, body.length);
    const code = reader.int32();
    if (code === CANCEL_REQUEST) {
      const pid = reader.int32();
      if (reader.left > 256) throw new StartupError('a cancel key of more than 256 bytes');
      return { kind: 'cancel', pid, secret: Buffer.from(body.subarray(reader.pos)) };
    }
    if (code !== SSL_REQUEST && code !== GSS_REQUEST) return readStart(code, reader);
    if (asked.has(code)) throw new StartupError('encryption asked for twice');
    // Plain text behind the request could be taken for encrypted later (CVE-2021-23222).
    if (reader.left > 0 || arrivals.buffered > 0) throw new StartupError('data behind an encryption request');
    asked.add(code);
    wire.write(NO);
  }
}

function readStart(code: number, reader: Reader): Opening {
  const [major, minor] = [code >>> 16, code & 0xffff];
  if (major !== 3) throw new StartupError(`protocol ${major}.${minor}`);
  const parameters = new Map<string, string>();
  const unknown: string[] = [];
  for (let name = reader.string(); name !== ''; name = reader.string()) {
    const value = reader.string();
    if (name.startsWith('_pq_.')) unknown.push(name);
    else parameters.set(name, value);
  }
  reader.done();
  const user = parameters.get('user') ?? '';
  if (user === '') throw new StartupError('no user name');
  if ((parameters.get('database') ?? '') === '') parameters.set('database', user);
  return {
    kind: 'start',
    minor: Math.min(minor, NEWEST_MINOR),
    parameters,
    unknown,
    tooNew: minor > NEWEST_MINOR,
  };
}

export function negotiation(opening: Extract<Opening, { kind: 'start' }>): Buffer | undefined {
  if (!opening.tooNew && opening.unknown.length === 0) return undefined;
  const version = (3 << 16) | opening.minor;
  return message(FROM_SERVER.negotiate, version, opening.unknown.length, ...opening.unknown);
}

/** True when the client proved that it has the session secret. Throws StartupError when it breaks the exchange. */
export async function proveSecret(arrivals: Arrivals, wire: Wire, keys: ScramKeys): Promise<boolean> {
  const server = new ScramServer(keys);
  wire.write(message(FROM_SERVER.authentication, 10, SCRAM, Buffer.from([0])));
  try {
    const initial = await saslMessage(arrivals);
    const mechanism = initial.string();
    if (mechanism !== SCRAM) throw new StartupError(`the client chose ${mechanism}`);
    const size = initial.int32();
    const first = initial.buffer.toString('utf8', initial.pos, initial.pos + Math.max(size, 0));
    initial.skip(size);
    initial.done();
    wire.write(message(FROM_SERVER.authentication, 11, Buffer.from(server.first(first))));
    const last = await saslMessage(arrivals);
    const final = server.final(last.buffer.toString('utf8', last.pos, last.end));
    if (final === undefined) return false;
    wire.write(Buffer.concat([message(FROM_SERVER.authentication, 12, Buffer.from(final)), AUTHENTICATED]));
    return true;
  } catch (error) {
    if (error instanceof ScramError) throw new StartupError(error.message);
    throw error;
  }
}

const AUTHENTICATED = message(FROM_SERVER.authentication, int32(0));

async function saslMessage(arrivals: Arrivals): Promise<Reader> {
  const { type, body } = await arrivals.message(true, MAX_SASL);
  if (type !== FROM_CLIENT.password) throw violation('client', 'something else than a password message');
  return new Reader('client', body, 0, body.length);
}

interface Greeting {
  readonly parameters: ReadonlyMap<string, string>;
  readonly notices: readonly ReadonlyMap<string, string>[];
  readonly pid: number;
  readonly secret: Buffer;
}

/** Everything between AuthenticationOk and the first query. */
export function greeting(parts: Greeting): Buffer {
  return Buffer.concat([
    ...[...parts.parameters].map(([name, value]) => message(FROM_SERVER.parameterStatus, name, value)),
    message(FROM_SERVER.backendKey, parts.pid, parts.secret),
    ...parts.notices.map((fields) => fieldsMessage(FROM_SERVER.notice, fields)),
    message(FROM_SERVER.ready, Buffer.from('I')),
  ]);
}
