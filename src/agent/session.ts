// One session from its first request to its seal, in the order that evidence demands. Must never let a byte flow before `open` is stored.
import { timestamp } from '../lib/clock.ts';
import { processStart } from '../lib/process.ts';
import type { Connection } from '../model/connection.ts';
import type { Lease } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import type { Principal } from '../model/principal.ts';
import type { FromHeld, FromWorker, PolicyText, SessionOrder } from '../model/session.ts';
import { HeldLinks, Standing } from './approvals/link.ts';
import { messageOf, toBrokerError } from './fault.ts';
import type { OpenedSession, SessionRow, SessionState } from './messages.ts';
import { createSpoolFolder, newMeta, removeSpoolFolder, type SessionMeta, writeMeta } from './meta.ts';
import type { Ending, LeaseContext, SessionPorts, SessionStart } from './ports.ts';
import { principalOf } from './principal.ts';
import { Stopwatch } from './stopwatch.ts';
import {
  type Admitted,
  actorOf,
  attemptOf,
  heldCase,
  type Known,
  type Listening,
  openedOf,
  orderOf,
  policyOf,
  rowOf,
  summarise,
} from './summary.ts';
import type { Worker } from './workers.ts';

/** How long a worker may take, milliseconds: to decide and load, to reach its target, to close. */
const PATIENCE = { admit: 30_000, target: 60_000, close: 5000 };

export class Session {
  readonly id: string;
  readonly folder: string;
  /** Resolves with the first reason to end. */
  readonly ended: Promise<Ending>;
  readonly start: SessionStart;
  readonly #ports: SessionPorts;
  readonly #connection: Connection;
  readonly #principal: Principal;
  readonly #opened: string;
  readonly #abort = new AbortController();
  #state: SessionState = 'opening';
  #meta: SessionMeta;
  #worker: Worker | undefined;
  #lease: Lease | undefined;
  #admitted: Admitted | undefined;
  #listening: Listening | undefined;
  readonly #held: HeldLinks;
  readonly #standing: Standing;
  #activity = { statements: 0, conversations: 0 };
  #ending: Ending | undefined;
  #owes = false;
  readonly #stopwatch: Stopwatch;
  #settle: (ending: Ending) => void = () => undefined;

  constructor(start: SessionStart, ports: SessionPorts) {
    const { id, request, setting, person } = start;
    const connection = setting.config.connections.get(request.connection);
    if (!connection) throw new BrokerError('connection-unknown', { connection: request.connection });
    this.id = id;
    this.start = start;
    this.#principal = principalOf(start);
    this.#ports = ports;
    this.#connection = connection;
    this.#opened = timestamp(ports.clock.micros());
    this.#stopwatch = new Stopwatch(ports.clock);
    this.#standing = new Standing(() => ports.windows(connection.name, person.user));
    this.#held = new HeldLinks(
      {
        worker: (told) => this.#worker?.send(told),
        front: (message) => start.front.send({ type: 'held', message }),
      },
      (links, tell) => ports.approvals(heldCase(start, connection, links, tell)),
    );
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.folder = createSpoolFolder(ports.spool, id);
    const { url: store } = setting.config.store;
    this.#meta = newMeta({ session: id, store, connection, user: person.user }, request.caller.pid);
    writeMeta(this.folder, this.#meta);
  }

  get row(): SessionRow {
    const expires = Math.min(this.expires, this.#standing.window?.ends ?? this.expires);
    const { pid } = this.start.request.caller;
    return rowOf(this.#known, { state: this.#state, expires, pid, ...this.#activity });
  }

  get window(): string | undefined {
    return this.#standing.window?.id;
  }

  obey(policy: PolicyText): void {
    this.#held.policy = policy;
    for (const who of [this.#worker, this.start.front]) who?.send({ type: 'policy', policy });
  }

  async regrant(): Promise<void> {
    const grants = await this.#standing.grants();
    for (const who of [this.#worker, this.start.front]) who?.send({ type: 'grants', grants });
  }

  /** What its front says of calls that wait. */
  hear(message: FromHeld): void {
    if (this.#state === 'open') this.#held.hearFront(message);
  }

  /** Milliseconds; the credential's end. The sign-in's end is watched apart, because it can be renewed. */
  get expires(): number {
    return this.#lease?.credential.expires ?? Number.POSITIVE_INFINITY;
  }

  get #known(): Known {
    return {
      id: this.id,
      connection: this.#connection,
      principal: this.#principal,
      client: this.start.request.client,
      opened: this.#opened,
      policy: this.start.setting.policy,
      spool: this.folder,
      credential: this.#lease?.credential,
      admitted: this.#admitted,
      listening: this.#listening,
    };
  }

  /** After `close`: its seal or its credential is left to recovery. */
  get owes(): boolean {
    return this.#owes;
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
      const failure = toBrokerError(error);
      if (!this.#meta.opened) await this.#recordAttempt(failure);
      throw failure;
    }
  }

  async #open(): Promise<OpenedSession> {
    const { setting, front } = this.start;
    await this.#ports.admitBacklog(setting.config);
    const worker = this.#ports.worker();
    this.#worker = worker;
    this.#remember({ worker: { pid: worker.pid, start: processStart(worker.pid) } });
    front.send({ type: 'progress', step: 'policy' });
    worker.send({ type: 'open', order: await this.#order() });
    const admitted = await this.#expect(worker, 'admitted', PATIENCE.admit);
    this.#admitted = admitted;
    this.#stopwatch.mark('policy');
    front.send({ type: 'progress', step: 'credential' });
    const lease = await this.#obtain();
    this.#stopwatch.mark('lease');
    front.send({ type: 'progress', step: 'target' });
    worker.send({ type: 'credential', credential: lease.credential });
    const listening = await this.#expect(worker, 'listening', PATIENCE.target);
    this.#listening = listening;
    this.#stopwatch.mark('target');
    front.send({ type: 'progress', step: 'evidence' });
    await this.#ports.open(setting.config, {
      session: summarise(this.#known),
      actor: actorOf(this.#principal),
      policy: policyOf(setting, admitted.policyDigest),
      folder: this.folder,
      requireOnline: setting.config.store.requireOnline,
    });
    this.#stopwatch.mark('evidence');
    this.#remember({ opened: true });
    this.#state = 'open';
    worker.send({ type: 'serve' });
    for (const event of this.#standing.admitted(admitted.byWindow ?? false))
      worker.send({ type: 'approval', event });
    void this.#listen(worker);
    this.#ports.prepareWorker();
    const opened = openedOf(this.#known, admitted, listening);
    return this.#principal.kind === 'bot' ? { ...opened, terms: await this.#order() } : opened;
  }

  async #order(): Promise<SessionOrder> {
    const { request, setting } = this.start;
    const hashKey = await this.#ports.hashKey(setting.config);
    const own = { hashKey, tool: this.#ports.tool };
    return { ...orderOf(this.#known, request), ...own, ...(await this.#standing.order()) };
  }

  async #obtain(): Promise<Lease> {
    const names = await this.#ports.wanted(this.#connection);
    const context: LeaseContext = {
      connection: this.#connection,
      user: this.start.person.user,
      session: this.id,
      signal: this.#abort.signal,
      environment: names.length > 0 ? await this.start.front.environment(names) : {},
    };
    const { leases, obtain } = this.#ports;
    const lease = await leases.borrow({ ...context, variables: names }, obtain);
    this.#lease = lease;
    if (this.#ending) throw this.#over(this.#ending);
    return lease;
  }

  /** What the worker says next, unless the session is ended first. */
  #expect<T extends FromWorker['type']>(
    worker: Worker,
    type: T,
    patience: number,
  ): Promise<Extract<FromWorker, { type: T }>> {
    const gone = this.ended.then((ending): never => {
      throw this.#over(ending);
    });
    const said = worker.expect(type, patience);
    // Whichever loses the race is nobody's failure.
    gone.catch(() => undefined);
    said.catch(() => undefined);
    return Promise.race([said, gone]);
  }

  #over(ending: Ending): BrokerError {
    return new BrokerError('session-ended', { reason: ending.reason, connection: this.#connection.name });
  }

  /** Follows the worker to its end. */
  async #listen(worker: Worker): Promise<void> {
    try {
      for (;;) {
        const message = await worker.next();
        if (this.#held.hear(message)) continue;
        if (message.type === 'activity') {
          this.#activity = { statements: message.statements, conversations: message.conversations };
        } else if (message.type === 'ended' || message.type === 'refused') {
          const reason = message.type === 'ended' ? message.reason : message.error.message;
          return this.end({ end: 'failed', reason });
        }
      }
    } catch (error) {
      this.end({ end: 'failed', reason: messageOf(error) });
    }
  }

  /** Closes the worker, gives the credential back, waits for the front's own record, and seals. */
  async close(ending: Ending, recorded: Promise<unknown>): Promise<'sealed' | 'waiting' | 'nothing'> {
    this.end(ending);
    this.#state = 'closing';
    this.#stopwatch.restart();
    await this.#worker?.close(ending.reason, PATIENCE.close);
    await this.#held.close();
    this.#stopwatch.mark('close');
    const owed = !(await this.#ports.leases.giveBack(this.id, this.#lease));
    this.#stopwatch.mark('release');
    this.#owes = owed;
    await recorded;
    this.#stopwatch.mark('front');
    if (!this.#meta.opened) {
      removeSpoolFolder(this.folder);
      return 'nothing';
    }
    const { end, exit } = ending;
    const closed = timestamp(this.#ports.clock.micros());
    const summary = { end, closed, ...(exit === undefined ? {} : { exit }) };
    this.#remember({ end: summary });
    this.#owes = true;
    const state = await this.#ports.seal(this.#meta.store, this.folder, summary);
    this.#owes = owed || state !== 'sealed';
    this.#stopwatch.mark('seal');
    return state;
  }

  get steps(): Readonly<Record<string, number>> {
    return this.#stopwatch.steps;
  }

  #remember(change: Partial<SessionMeta>): void {
    this.#meta = { ...this.#meta, ...change };
    writeMeta(this.folder, this.#meta);
  }

  async #recordAttempt(failure: BrokerError): Promise<void> {
    try {
      await this.#ports.attempt(this.start.setting.config, attemptOf(this.#known, failure));
    } catch (error) {
      this.#ports.log.error({ session: this.id, reason: messageOf(error) }, 'the attempt is not recorded');
    }
  }
}
