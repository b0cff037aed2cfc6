// An authenticated connection to a server, handed over to a conversation or used for our own queries. Never both at once.
import type { TlsSettings } from '../../model/connection.ts';
import type { Credential } from '../../model/credential.ts';
import { type AuthenticationMemory, AuthenticationRefused, Authenticator } from './authenticate.ts';
import { type Address, APPROACHES, DialError, type Dialled, dial } from './dial.ts';
import { Framer, type FrameSink, HEADER } from './framer.ts';
import { FROM_CLIENT, FROM_SERVER, int32, message, Reader, readFields, violation } from './messages.ts';
import { readRow } from './rows.ts';
import { ScramError } from './scram.ts';
import type { Wire, WireHandler } from './wire.ts';

const PROTOCOL_3 = 196_608;
/** A cancel key of protocol 3.2 has at most this many bytes behind the process id. */
const MAX_KEY = 256;
/** Bytes of one message during start-up and our own queries. */
const MAX_MESSAGE = 64 * 1024 * 1024;

interface UpstreamOptions {
  readonly address: Address;
  readonly tls: TlsSettings;
  readonly credential: Credential;
  /** Start-up parameters besides `user`. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly memory: AuthenticationMemory;
  /** Minor version of protocol 3 asked for; 0 where it is not said. */
  readonly minor?: 0 | 2;
  readonly signal?: AbortSignal;
}

/** The server answered with an error: its fields, to be cleaned before anyone sees them. */
export class ServerError extends Error {
  readonly fields: Map<string, string>;

  constructor(fields: Map<string, string>) {
    super(fields.get('M') ?? 'unknown error');
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields.get('C') ?? 'XX000';
  }
}

interface Message {
  readonly type: number;
  readonly body: Buffer;
}

/** Collects whole messages for a reader that can wait. */
class Inbox implements WireHandler, FrameSink {
  readonly #framer = new Framer('server');
  readonly #messages: Message[] = [];
  #waiting: { resolve(message: Message): void; reject(error: Error): void } | undefined;
  #failed: Error | undefined;
  /** While set, each statement's rows are kept here as they arrive: thousands of them, which nobody has to wait for. */
  results: (string | null)[][][] | undefined = undefined;
  /** The statement under way has described its rows. */
  #described = false;

  frame(type: number, buffer: Buffer, start: number, end: number): boolean {
    if (this.results && this.#collect(this.results, type, buffer, start, end)) return true;
    const found = { type, body: Buffer.from(buffer.subarray(start + HEADER, end)) };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(found);
    else this.#messages.push(found);
    return true;
  }

  #collect(
    results: (string | null)[][][],
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): boolean {
    if (type === FROM_SERVER.dataRow) {
      results.at(-1)?.push(readRow(buffer, start, end, (from, to) => buffer.toString('utf8', from, to)));
      return true;
    }
    const described = type === FROM_SERVER.rowDescription;
    if (!described && type !== FROM_SERVER.commandComplete) return false;
    if (described || !this.#described) results.push([]);
    this.#described = described;
    return true;
  }

  streams(_type: number, size: number): boolean {
    if (size > MAX_MESSAGE) throw violation('server', `a message of ${size} bytes`);
    return false;
  }

  piece(): void {}

  settle(): void {}

  data(chunk: Buffer, start: number, end: number): void {
    try {
      this.#framer.push(chunk, start, end, this);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  drained(): void {}

  ended(): void {
    this.#fail(new DialError('the server closed the connection'));
  }

  closed(error: Error | undefined): void {
    this.#fail(error ?? new DialError('the server closed the connection'));
  }

  next(): Promise<Message> {
    const found = this.#messages.shift();
    if (found) return Promise.resolve(found);
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#waiting?.reject(this.#failed);
    this.#waiting = undefined;
  }
}

export class Upstream {
  readonly wire: Wire;
  readonly fingerprint: string | undefined;
  /** Parameters the server reported during start-up, in order. */
  readonly parameters = new Map<string, string>();
  /** Notices it sent during start-up. */
  readonly notices: Map<string, string>[] = [];
  /** What a CancelRequest for this connection must hold. */
  cancelKey: Buffer = Buffer.alloc(0);
  /** What it resolves names without a schema by, as it said before anybody used it. */
  naming: string | undefined = undefined;
  #inbox: Inbox | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(dialled: Dialled, inbox: Inbox) {
    this.wire = dialled.wire;
    this.fingerprint = dialled.fingerprint;
    this.#inbox = inbox;
  }

  /** Throws DialError, AuthenticationRefused, ScramError or ServerError. */
  static async connect(options: UpstreamOptions): Promise<Upstream> {
    const approaches = APPROACHES[options.tls.mode];
    for (const [index, approach] of approaches.entries()) {
      const dialled = await dial(options.address, options.tls, approach, options.signal);
      try {
        return await Upstream.#start(dialled, options);
      } catch (error) {
        dialled.wire.destroy();
        const last = index === approaches.length - 1;
        if (last || !(error instanceof ServerError) || !error.sqlstate.startsWith('28')) throw error;
      }
    }
    throw new DialError('no way to connect');
  }

  static async #start(dialled: Dialled, options: UpstreamOptions): Promise<Upstream> {
    const inbox = new Inbox();
    const { wire } = dialled;
    wire.handler = inbox;
    wire.resume();
    wire.keepAlive();
    const upstream = new Upstream(dialled, inbox);
    const abort = () => wire.destroy();
    options.signal?.addEventListener('abort', abort);
    const parameters = [...new Map([['user', options.credential.user], ...options.parameters])].flat();
    wire.write(message(0, PROTOCOL_3 + (options.minor ?? 0), ...parameters, Buffer.from([0])));
    try {
      await upstream.#authenticate(inbox, options, dialled);
      await upstream.#untilReady(inbox);
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
    return upstream;
  }

  async #authenticate(inbox: Inbox, options: UpstreamOptions, dialled: Dialled): Promise<void> {
    const authenticator = new Authenticator(options.credential, dialled.channel, options.memory);
    for (;;) {
      const { type, body } = await inbox.next();
      if (type === FROM_SERVER.error) throw new ServerError(readFields(body, 0, body.length));
      if (type === FROM_SERVER.notice) continue;
      if (type === FROM_SERVER.negotiate) {
        agreeOn(new Reader('server', body, 0, body.length), options.minor ?? 0);
        continue;
      }
      if (type !== FROM_SERVER.authentication)
        throw new AuthenticationRefused('the server answered start-up with something else');
      const answer = await authenticator.answer(new Reader('server', body, 0, body.length));
      if (answer) this.wire.write(answer);
      else if (body.readInt32BE(0) === 0) return;
    }
  }

  async #untilReady(inbox: Inbox): Promise<void> {
    for (;;) {
      const { type, body } = await inbox.next();
      if (type === FROM_SERVER.ready) break;
      if (type === FROM_SERVER.error) throw new ServerError(readFields(body, 0, body.length));
      if (type === FROM_SERVER.notice) this.notices.push(readFields(body, 0, body.length));
      else if (type === FROM_SERVER.parameterStatus) this.#setting(body);
      else if (type === FROM_SERVER.backendKey) {
        if (body.length < 8 || body.length > 4 + MAX_KEY)
          throw violation('server', 'a cancel key too short or long');
        this.cancelKey = body;
      } else throw violation('server', 'an unexpected message during start-up');
    }
  }

  #setting(body: Buffer): void {
    const reader = new Reader('server', body, 0, body.length);
    this.parameters.set(reader.string(), reader.string());
  }

  /** Gives the wire away, paused; the new owner sets its handler and resumes it. */
  release(): Wire {
    this.#inbox = undefined;
    this.wire.pause();
    return this.wire;
  }

  get alive(): boolean {
    return !this.wire.gone;
  }

  /** Statements in one simple query; the rows of each as text. Queries wait for each other. Throws ServerError. */
  query(statements: readonly string[]): Promise<(string | null)[][][]> {
    const answer = this.#queue.then(() => this.#query(statements.join(';\n')));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  async #query(sql: string): Promise<(string | null)[][][]> {
    const inbox = this.#inbox;
    if (!inbox) throw new DialError('this connection was given away');
    this.wire.write(message(FROM_CLIENT.query, sql));
    inbox.results = [];
    let failure: ServerError | undefined;
    for (;;) {
      const { type, body } = await inbox.next();
      if (type === FROM_SERVER.ready) break;
      if (type === FROM_SERVER.error) failure = new ServerError(readFields(body, 0, body.length));
      else if (type === FROM_SERVER.parameterStatus) this.#setting(body);
    }
    const { results } = inbox;
    inbox.results = undefined;
    if (failure) throw failure;
    return results;
  }

  close(): void {
    if (this.wire.gone) return;
    this.wire.end(Buffer.concat([Buffer.from([FROM_CLIENT.terminate]), int32(4)]));
    const timer = setTimeout(() => this.wire.destroy(), 2_000);
    timer.unref();
  }
}

/** NegotiateProtocolVersion: the server knows an older minor version; we ask for nothing else it could decline. */
function agreeOn(reader: Reader, asked: number): void {
  const version = reader.int32();
  const declined = reader.int32();
  if (version < PROTOCOL_3 || version > PROTOCOL_3 + asked || declined !== 0)
    throw violation('server', 'an agreement on a protocol that was not asked for');
}

/** Errors of `connect` in words for a person. */
export function whyNot(error: unknown): { reached: boolean; reason: string } {
  const reached =
    error instanceof AuthenticationRefused || error instanceof ScramError || error instanceof ServerError;
  return { reached, reason: error instanceof Error ? error.message : String(error) };
}
