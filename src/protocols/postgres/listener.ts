// The session's loopback listener: start-up, proof of the secret, one upstream connection per client. Binds nothing else.
import { createServer, type Server, type Socket } from 'node:net';
import type { Conversation } from '../../flow/conversation.ts';
import { forward } from '../../flow/forward/index.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Endpoint } from '../../model/session.ts';
import type { Activity, ServeOptions, Serving } from '../protocol.ts';
import { type CancelKey, CancelKeys, processId } from './cancel.ts';
import type { CatalogueQuery } from './catalogue-follow.ts';
import { Link } from './link.ts';
import { FROM_SERVER, fieldsMessage } from './messages.ts';
import { askHere } from './own-view.ts';
import { sortParameters } from './parameters.ts';
import { refusal } from './refusals.ts';
import { Relay } from './relay.ts';
import { type ScramKeys, scramKeys } from './scram.ts';
import {
  Arrivals,
  greeting,
  negotiation,
  type Opening,
  proveSecret,
  readOpening,
  StartupError,
} from './startup.ts';
import { Turn } from './turn.ts';
import { ServerError, type Upstream, whyNot } from './upstream.ts';
import { Wire } from './wire.ts';

const HANDSHAKE_DEADLINE = 15_000;
/** Clients that have not proved the secret yet; more are turned away. */
const MOST_STRANGERS = 128;
const CLIENT_BUFFER = 64 * 1024;
const ACTIVITY_EVERY = 200;

/** What the listener needs of the target. */
export interface Backend {
  readonly connection: string;
  readonly address: string;
  readonly account: string;
  readonly database: string;
  connect(parameters: ReadonlyMap<string, string>): Promise<Upstream>;
  cancel(upstream: Upstream): Promise<void>;
  /** The catalogue as a client's transaction sees it. */
  seenBy(query: CatalogueQuery): Promise<Catalogue | undefined>;
}

export class Listener implements Serving {
  readonly #turn = new Turn();
  readonly #backend: Backend;
  readonly #options: ServeOptions;
  readonly #keys: ScramKeys;
  readonly #server: Server;
  readonly #cancelKeys = new CancelKeys();
  readonly #relays = new Map<Relay, Link>();
  readonly #wires = new Set<Wire>();
  #strangers = 0;
  #pastStatements = 0;
  #timer: NodeJS.Timeout | undefined;
  #told: Activity = { statements: 0, conversations: 0 };
  #closing: BrokerError | undefined;
  endpoint: Endpoint;

  private constructor(
    backend: Backend,
    options: ServeOptions,
    keys: ScramKeys,
    server: Server,
    port: number,
  ) {
    this.#backend = backend;
    this.#options = options;
    this.#keys = keys;
    this.#server = server;
    const { account: user, database } = backend;
    this.endpoint = { host: '127.0.0.1', port, user, database, secret: options.secret };
    server.on('connection', (socket: Socket) => this.#accept(socket));
    if (options.onActivity) this.#timer = setInterval(() => this.#tell(), ACTIVITY_EVERY).unref();
  }

  /** Throws `port-taken`. */
  static async open(backend: Backend, options: ServeOptions): Promise<Listener> {
    const keys = await scramKeys(options.secret);
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'EADDRINUSE' ? new BrokerError('port-taken', { port: options.port }) : error),
      );
      server.listen(options.port, '127.0.0.1', () => resolve());
    });
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : options.port;
    return new Listener(backend, options, keys, server, port);
  }

  async close(reason: string): Promise<void> {
    const { connection } = this.#backend;
    this.#closing ??= new BrokerError('session-ended', { reason, connection });
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const relay of [...this.#relays.keys()]) relay.end(this.#closing);
    clearInterval(this.#timer);
    this.#tell();
    await closed;
    await Promise.all([...this.#wires].map((wire) => wire.untilGone()));
  }

  #tell(): void {
    let statements = this.#pastStatements;
    for (const link of this.#relays.values()) statements += link.statementCount;
    const now = { statements, conversations: this.#relays.size };
    if (now.statements === this.#told.statements && now.conversations === this.#told.conversations) return;
    this.#told = now;
    this.#options.onActivity?.(now);
  }

  #accept(socket: Socket): void {
    if (this.#closing || this.#strangers >= MOST_STRANGERS) {
      socket.destroy();
      return;
    }
    const wire = Wire.adopt(socket, CLIENT_BUFFER);
    this.#wires.add(wire);
    void wire.untilGone().then(() => this.#wires.delete(wire));
    this.#strangers += 1;
    let stranger = true;
    const known = () => {
      if (stranger) this.#strangers -= 1;
      stranger = false;
    };
    void this.#meet(wire, known)
      .catch((error: unknown) => this.#turnAway(wire, error))
      .finally(known);
  }

  async #meet(wire: Wire, known: () => void): Promise<void> {
    const arrivals = new Arrivals(wire);
    const timer = setTimeout(
      () => arrivals.fail(new StartupError('start-up took too long')),
      HANDSHAKE_DEADLINE,
    );
    let opening: Opening;
    try {
      opening = await readOpening(arrivals, wire);
      if (opening.kind === 'start') await this.#authenticate(arrivals, wire, opening);
    } finally {
      clearTimeout(timer);
    }
    if (opening.kind === 'cancel') {
      await this.#cancelKeys.request(opening.pid, opening.secret);
      wire.end();
      return;
    }
    known();
    await this.#converse(wire, arrivals, opening);
  }

  async #authenticate(
    arrivals: Arrivals,
    wire: Wire,
    opening: Extract<Opening, { kind: 'start' }>,
  ): Promise<void> {
    const negotiated = negotiation(opening);
    if (negotiated) wire.write(negotiated);
    if (!(await proveSecret(arrivals, wire, this.#keys)))
      throw new BrokerError('session-secret', { connection: this.#backend.connection });
  }

  /** Errors before a conversation exists: recorded, and told where the client can still read them. */
  #turnAway(wire: Wire, error: unknown): void {
    if (error instanceof StartupError) {
      this.#options.pipeline.rejected(error.message);
      wire.end(
        refusal(new BrokerError('protocol-violation', { side: 'client', reason: error.message }), 'FATAL'),
      );
    } else if (error instanceof BrokerError) {
      if (error.code === 'session-secret' || error.code === 'protocol-violation')
        this.#options.pipeline.rejected(error.message);
      wire.end(refusal(error, 'FATAL'));
    } else {
      const reason = error instanceof Error ? error.message : String(error);
      wire.end(refusal(new BrokerError('bug', { reason }), 'FATAL'));
    }
    wire.lingers();
  }

  async #converse(
    wire: Wire,
    arrivals: Arrivals,
    opening: Extract<Opening, { kind: 'start' }>,
  ): Promise<void> {
    const { parameters } = opening;
    const application = parameters.get('application_name');
    const conversation = this.#options.pipeline.connect({
      ...(application ? { application } : {}),
      parameters: Object.fromEntries(parameters),
    });
    try {
      const upstream = await this.#reach(conversation, parameters);
      conversation.resolves(upstream.naming);
      this.#join(wire, arrivals.release(), conversation, upstream, opening.minor >= 2 ? 32 : 4);
    } catch (error) {
      const { reason } = whyNot(error);
      conversation.close(reason);
      if (!(error instanceof ServerError)) throw error;
      wire.end(fieldsMessage(FROM_SERVER.error, conversation.scrub(new Map(error.fields))));
      wire.lingers();
    }
  }

  async #reach(conversation: Conversation, parameters: ReadonlyMap<string, string>): Promise<Upstream> {
    const { connection, address, database } = this.#backend;
    const wanted = parameters.get('database') ?? '';
    // Who was given the endpoint before the session was opened knows the database by the connection's name only.
    if (wanted !== database && wanted !== connection)
      throw new BrokerError('unsupported', {
        what: `database "${wanted}"`,
        mend: `connect to database "${database}", which ${connection} is for`,
      });
    const { sent, judged } = sortParameters(parameters, this.#options.session);
    const all = new Map([['database', database], ...sent]);
    for (const { name, value, statement } of judged) {
      const verdict = await conversation.judge(statement);
      const admission = await conversation.admit(verdict, { phase: 'simple', transaction: 'I' });
      if (admission.kind === 'refuse') throw admission.error;
      forward(admission.permit, () => all.set(name, value));
      admission.ticket.finish({ status: 'ok', tag: 'SET' });
    }
    conversation.flush();
    try {
      return await this.#backend.connect(all);
    } catch (error) {
      const { reached, reason } = whyNot(error);
      if (error instanceof ServerError) throw error;
      if (reached) throw new BrokerError('target-refused', { connection, reason }, { cause: error });
      throw new BrokerError('target-unreachable', { connection, address, reason }, { cause: error });
    }
  }

  #join(wire: Wire, early: Buffer, conversation: Conversation, upstream: Upstream, keySize: number): void {
    const { connection, address } = this.#backend;
    if (this.#closing || wire.gone) {
      upstream.close();
      conversation.close('client left');
      if (this.#closing) wire.end(refusal(this.#closing, 'FATAL'));
      return;
    }
    const link = new Link(conversation, () => void this.#backend.cancel(upstream));
    let key: CancelKey;
    const relay = new Relay({
      client: wire,
      server: upstream.release(),
      link,
      turn: this.#turn,
      lost: (reason) => new BrokerError('target-unreachable', { connection, address, reason }),
      over: (reason, error) => {
        this.#cancelKeys.forget(key);
        this.#relays.delete(relay);
        this.#pastStatements += link.statementCount;
        this.#closed(conversation, reason, error);
      },
    });
    key = this.#cancelKeys.issue(processId(upstream.cancelKey), keySize, async () => {
      conversation.event('cancel', {});
      conversation.flush();
      if (!relay.withdraw('cancelled')) await this.#backend.cancel(upstream);
    });
    conversation.lookThrough(() =>
      this.#backend.seenBy((statements) => askHere(link, relay.send, statements)),
    );
    this.#relays.set(relay, link);
    const { parameters } = upstream;
    const notices = upstream.notices.map((fields) => conversation.scrub(new Map(fields)));
    wire.keepAlive();
    wire.write(greeting({ parameters, notices, ...key }));
    relay.start(early);
  }

  #closed(conversation: Conversation, reason: string, error: Error | undefined): void {
    try {
      conversation.close(reason);
      conversation.flush();
    } catch (failure) {
      this.#options.onFailure?.(failure instanceof Error ? failure : new Error(String(failure)));
      return;
    }
    if (error instanceof BrokerError && error.code === 'journal-failed') this.#options.onFailure?.(error);
  }
}
