// One session from its first request to its seal, in the order that evidence demands. Must never let a byte flow before `open` is stored.

import { timestamp } from '../lib/clock.ts';
import type { Connection } from '../model/connection.ts';
import type { Lease } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import type { SessionSummary } from '../model/evidence.ts';
import type { FromWorker, SessionOrder } from '../model/session.ts';
import { messageOf, toBrokerError } from './fault.ts';
import type {
  OpenedSession,
  OpenRequest,
  SessionEnd,
  SessionRow,
  SessionState,
  ToFront,
} from './messages.ts';
import { createSpoolFolder, removeSpoolFolder, type SessionMeta, thisProcess, writeMeta } from './meta.ts';
import type { LeaseContext, Person, SessionPorts, Setting } from './ports.ts';
import { processStart } from './process.ts';
import { describeConnection } from './summary.ts';
import type { Worker } from './workers.ts';

/** How long a worker may take to close its listener and its journal before it is killed. */
const CLOSE_PATIENCE = 5000;
const TARGET_PATIENCE = 60_000;

export interface Ending {
  readonly end: SessionEnd;
  readonly reason: string;
  readonly exit?: number;
  readonly signal?: string;
}

type Admitted = Extract<FromWorker, { type: 'admitted' }>;
type Listening = Extract<FromWorker, { type: 'listening' }>;

export interface FrontLink {
  send(message: ToFront): boolean;
  /** The caller's values of these variables. */
  environment(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  readonly gone: AbortSignal;
}

export class Session {
  readonly id: string;
  readonly folder: string;
  readonly #request: OpenRequest;
  readonly #ports: SessionPorts;
  readonly #front: FrontLink;
  readonly #setting: Setting;
  readonly #connection: Connection;
  readonly #person: Person;
  readonly #opened: string;
  readonly #abort = new AbortController();
  #state: SessionState = 'opening';
  #meta: SessionMeta;
  #worker: Worker | undefined;
  #lease: Lease | undefined;
  #admitted: Admitted | undefined;
  #listening: Listening | undefined;
  #activity = { statements: 0, conversations: 0 };
  #ending: Ending | undefined;
  #settle: (ending: Ending) => void = () => undefined;
  /** Resolves with the first reason to end. */
  readonly ended: Promise<Ending>;

  constructor(
    id: string,
    request: OpenRequest,
    front: FrontLink,
    setting: Setting,
    person: Person,
    ports: SessionPorts,
  ) {
    const connection = setting.config.connections.get(request.connection);
    if (!connection) throw new BrokerError('connection-unknown', { connection: request.connection });
    this.id = id;
    this.#request = request;
    this.#ports = ports;
    this.#front = front;
    this.#setting = setting;
    this.#connection = connection;
    this.#person = person;
    this.#opened = timestamp(ports.clock.micros());
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.folder = createSpoolFolder(ports.spool, id);
    this.#meta = {
      version: 1,
      session: id,
      agent: thisProcess(),
      front: { pid: request.caller.pid, start: processStart(request.caller.pid) },
      store: setting.config.store.url,
      connection,
      user: person.user,
      opened: false,
    };
    writeMeta(this.folder, this.#meta);
  }

  get row(): SessionRow {
    const expires = this.expires;
    return {
      id: this.id,
      connection: this.#connection.name,
      protocol: this.#connection.type,
      client: this.#request.client,
      state: this.#state,
      opened: this.#opened,
      ...(Number.isFinite(expires) ? { expires: new Date(expires).toISOString() } : {}),
      ...(this.#listening ? { port: this.#listening.endpoint.port } : {}),
      ...this.#activity,
      pid: this.#request.caller.pid,
    };
  }

  /** Milliseconds; the credential's end. The sign-in's end is watched apart, because it can be renewed. */
  get expires(): number {
    return this.#lease?.credential.expires ?? Number.POSITIVE_INFINITY;
  }

  get opened(): boolean {
    return this.#meta.opened;
  }

  /** Ends the session; the first reason counts. */
  end(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#abort.abort();
    this.#settle(ending);
  }

  /** Policy, credential, target, `open` statement, then `serve`. Throws what refused it, after recording the attempt. */
  async open(): Promise<OpenedSession> {
    try {
      return await this.#open();
    } catch (error) {
      const failure =
        this.#ending && !(error instanceof BrokerError && error.code !== 'worker-lost')
          ? new BrokerError('session-ended', {
              reason: this.#ending.reason,
              connection: this.#connection.name,
            })
          : toBrokerError(error);
      if (!this.opened) await this.#recordAttempt(failure);
      throw failure;
    }
  }

  async #open(): Promise<OpenedSession> {
    const { config } = this.#setting;
    await this.#ports.admitBacklog(config);
    const worker = this.#ports.worker();
    this.#worker = worker;
    this.#remember({ worker: { pid: worker.pid, start: processStart(worker.pid) } });
    this.#front.send({ type: 'progress', step: 'policy' });
    worker.send({ type: 'open', order: await this.#order() });
    this.#admitted = await this.#expect('admitted');
    this.#front.send({ type: 'progress', step: 'credential' });
    await this.#obtain();
    this.#front.send({ type: 'progress', step: 'target' });
    if (this.#lease) worker.send({ type: 'credential', credential: this.#lease.credential });
    this.#listening = await this.#expect('listening', TARGET_PATIENCE);
    this.#front.send({ type: 'progress', step: 'evidence' });
    await this.#ports.open(config, {
      session: this.summary(),
      actor: { kind: 'human', name: this.#person.user.name ?? this.#person.user.sub },
      policy: { digest: this.#admitted.policyDigest, files: this.#setting.policy.files },
      folder: this.folder,
      requireOnline: config.store.requireOnline,
    });
    this.#remember({ opened: true });
    this.#state = 'open';
    worker.send({ type: 'serve' });
    void this.#listen(worker);
    this.#ports.prepareWorker();
    return this.#describe(this.#admitted, this.#listening);
  }

  async #order(): Promise<SessionOrder> {
    const { reason } = this.#request;
    return {
      id: this.id,
      connection: this.#connection,
      principal: { kind: 'user', user: this.#person.user },
      policy: this.#setting.policy,
      client: this.#request.client,
      ...(reason === undefined ? {} : { reason }),
      port: this.#request.port,
      spool: this.folder,
      hashKey: await this.#ports.hashKey(this.#setting.config),
      tool: this.#ports.tool,
    };
  }

  async #obtain(): Promise<void> {
    const names = await this.#ports.wanted(this.#connection);
    const context: LeaseContext = {
      connection: this.#connection,
      user: this.#person.user,
      session: this.id,
      signal: this.#abort.signal,
      environment: names.length > 0 ? await this.#front.environment(names) : {},
    };
    const lease = await this.#ports.obtain(context);
    this.#lease = lease;
    if (lease.resume) this.#remember({ lease: lease.resume });
    if (this.#ending)
      throw new BrokerError('session-ended', {
        reason: this.#ending.reason,
        connection: this.#connection.name,
      });
  }

  /** What the worker says next, unless the session is ended first. */
  #expect<T extends FromWorker['type']>(
    type: T,
    patience = 30_000,
  ): Promise<Extract<FromWorker, { type: T }>> {
    const worker = this.#worker;
    if (!worker) throw new BrokerError('bug', { reason: 'a session without a worker' });
    const gone = this.ended.then((ending): never => {
      throw new BrokerError('session-ended', { reason: ending.reason, connection: this.#connection.name });
    });
    const said = worker.expect(type, patience);
    // Whichever loses the race is nobody's failure.
    gone.catch(() => undefined);
    said.catch(() => undefined);
    return Promise.race([said, gone]);
  }

  /** Follows the worker to its end. */
  async #listen(worker: Worker): Promise<void> {
    try {
      for (;;) {
        const message = await worker.next();
        if (message.type === 'activity') {
          this.#activity = { statements: message.statements, conversations: message.conversations };
        } else if (message.type === 'ended') {
          return this.end({ end: 'failed', reason: message.reason });
        } else if (message.type === 'refused') {
          return this.end({ end: 'failed', reason: message.error.message });
        }
      }
    } catch (error) {
      this.end({ end: 'failed', reason: messageOf(error) });
    }
  }

  /**
   * Closes the worker, gives the credential back, waits for the front's own record, and seals.
   * What fails is logged and left for recovery.
   */
  async close(ending: Ending, recorded: Promise<unknown>): Promise<'sealed' | 'waiting' | 'nothing'> {
    this.end(ending);
    this.#state = 'closing';
    await this.#worker?.close(ending.reason, CLOSE_PATIENCE);
    await this.#release();
    await recorded;
    if (!this.opened) {
      removeSpoolFolder(this.folder);
      return 'nothing';
    }
    const end = {
      end: ending.end,
      ...(ending.exit === undefined ? {} : { exit: ending.exit }),
      closed: timestamp(this.#ports.clock.micros()),
    };
    this.#remember({ end });
    try {
      return await this.#ports.seal(this.#meta.store, this.folder, end);
    } catch (error) {
      this.#ports.log.error(
        { session: this.id, reason: messageOf(error) },
        'sealing failed; the journal is kept',
      );
      return 'waiting';
    }
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    if (!lease) return;
    try {
      await lease.release();
      const { lease: _released, ...rest } = this.#meta;
      this.#meta = rest;
      writeMeta(this.folder, rest);
    } catch (error) {
      this.#ports.log.warn(
        { session: this.id, reason: messageOf(error) },
        'the credential could not be given back yet',
      );
    }
  }

  #remember(change: Partial<SessionMeta>): void {
    this.#meta = { ...this.#meta, ...change };
    writeMeta(this.folder, this.#meta);
  }

  async #recordAttempt(failure: BrokerError): Promise<void> {
    const policies = String(failure.details['policy'] ?? '');
    try {
      await this.#ports.attempt(this.#setting.config, {
        session: { ...this.summary(), end: 'failed' },
        actor: { kind: 'human', name: this.#person.user.name ?? this.#person.user.sub },
        ...(this.#admitted
          ? { policy: { digest: this.#admitted.policyDigest, files: this.#setting.policy.files } }
          : {}),
        code: failure.code,
        policies: policies === '' ? [] : policies.split(', '),
      });
    } catch (error) {
      this.#ports.log.error(
        { session: this.id, reason: messageOf(error) },
        'the attempt could not be recorded',
      );
    }
  }

  summary(): SessionSummary {
    const { fingerprint, endpoint } = this.#listening ?? {};
    return {
      id: this.id,
      ...describeConnection(this.#connection),
      ...(endpoint ? { database: endpoint.database } : {}),
      ...(fingerprint ? { fingerprint } : {}),
      client: this.#request.client,
      credential: this.#lease?.credential.label ?? this.#connection.credential.source,
      ...(this.#lease ? { account: this.#lease.credential.user } : {}),
      opened: this.#opened,
    };
  }

  #describe(admitted: Admitted, listening: Listening): OpenedSession {
    const { address, connection, protocol } = describeConnection(this.#connection);
    return {
      id: this.id,
      connection,
      protocol,
      address,
      endpoint: listening.endpoint,
      database: listening.endpoint.database,
      spool: this.folder,
      user: this.#person.user,
      account: this.#lease?.credential.user ?? '',
      serverVersion: listening.serverVersion,
      ...(Number.isFinite(this.expires) ? { expires: new Date(this.expires).toISOString() } : {}),
      policies: admitted.policies,
      policy: { digest: admitted.policyDigest, files: this.#setting.policy.files },
    };
  }
}
