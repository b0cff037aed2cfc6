// Every session this agent runs, from the stream that opened it to its seal. The stream's end, either side, ends the session.
import { BrokerError } from '../model/errors.ts';
import type { FromHeld } from '../model/session.ts';
import { messageOf, toBrokerError } from './fault.ts';
import { sessionId } from './id.ts';
import type { FromFront, FrontTerms, OpenRequest, SessionRow, TermsRequest } from './messages.ts';
import type { Ending, FrontLink, Person, SessionPorts, Setting } from './ports.ts';
import { principalOf } from './principal.ts';
import type { LinesCall } from './server.ts';
import { Session } from './session.ts';

/** How long a front may take to end its client and close its part of the journal. */
const FRONT_PATIENCE = 10_000;

const FRONT_GONE: Ending = { end: 'interrupted', reason: 'the front is gone' };

/** As strong as one the worker would make. */
const SECRET = /^[A-Za-z0-9_-]{32}$/;

function isRequest({ connection, client, port, caller, secret }: OpenRequest): boolean {
  const texts = [connection, client, caller?.cwd, caller?.home];
  const pid: unknown = caller?.pid;
  return (
    texts.every((each) => typeof each === 'string') &&
    Number.isInteger(port) &&
    port >= 0 &&
    port <= 65_535 &&
    Number.isSafeInteger(pid) &&
    (secret === undefined || (typeof secret === 'string' && SECRET.test(secret)))
  );
}

/** The front's lines, sorted: answers to what the agent asked, and how it ended. */
class Front implements FrontLink {
  readonly gone: AbortSignal;
  readonly #call: LinesCall;
  #answer: ((values: Readonly<Record<string, string>>) => void) | undefined;
  #ended: Ending | undefined;
  onEnd: (ending: Ending) => void = () => undefined;
  onHeld: (message: FromHeld) => void = () => undefined;
  /** Resolves when the front has closed its part of the journal, or is gone. */
  readonly done: Promise<void>;
  #finished: () => void = () => undefined;

  constructor(call: LinesCall) {
    this.#call = call;
    this.done = new Promise((resolve) => {
      this.#finished = resolve;
    });
    this.gone = call.gone;
    call.gone.addEventListener('abort', () => this.#end(FRONT_GONE), { once: true });
  }

  send(message: Parameters<FrontLink['send']>[0]): boolean {
    return this.#call.send(message);
  }

  environment(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      if (!this.send({ type: 'wanted', names }) || this.#ended) resolve({});
    });
  }

  /** The first line, which must be the request. */
  async request(): Promise<OpenRequest> {
    const first = await this.#call.lines.next();
    const message = first.done ? undefined : (first.value as FromFront);
    if (message?.type !== 'open' || !isRequest(message))
      throw new BrokerError('protocol-violation', {
        side: 'front',
        reason: 'its first line is not a request',
      });
    return message;
  }

  /** Reads on until the front ends. */
  async follow(): Promise<void> {
    try {
      for await (const line of this.#call.lines) {
        const message = line as FromFront;
        if (message.type === 'environment') this.#answer?.(message.values);
        else if (message.type === 'held') this.onHeld(message.message);
        else if (message.type === 'exit') {
          const { reason, exit, signal } = message;
          this.#end({
            end: 'closed',
            reason,
            ...(exit === undefined ? {} : { exit }),
            ...(signal === undefined ? {} : { signal }),
          });
        }
      }
      this.#end(FRONT_GONE);
    } catch {
      this.#end(FRONT_GONE);
    }
  }

  #end(ending: Ending): void {
    this.#ended ??= ending;
    this.#answer?.({});
    this.#finished();
    this.onEnd(this.#ended);
  }
}

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #running = new Map<string, Session>();
  readonly #changed: () => void;
  #closed: string | undefined;

  constructor(ports: SessionPorts, changed: () => void) {
    this.#ports = ports;
    this.#changed = changed;
  }

  get size(): number {
    return this.#running.size;
  }

  rows(): readonly SessionRow[] {
    return [...this.#running.values()].map((session) => session.row);
  }

  /** By its id or a prefix that only it has. Throws `session-unknown`. */
  find(name: string): Session {
    const exact = this.#running.get(name);
    const matches = exact ? [exact] : [...this.#running.values()].filter(({ id }) => id.startsWith(name));
    const [session] = matches;
    if (!session || matches.length > 1 || name === '')
      throw new BrokerError('session-unknown', { session: name });
    return session;
  }

  each(): Iterable<Session> {
    return this.#running.values();
  }

  /** Takes no new sessions from now on; those that run go on. */
  refuse(reason: string): void {
    this.#closed ??= reason;
  }

  /** What a session would be decided by, without one. Throws what would refuse it so far. */
  async terms(request: TermsRequest): Promise<FrontTerms> {
    const setting = await this.#ports.setting(request.caller);
    const person = await this.#ports.person();
    const connection = setting.config.connections.get(request.connection);
    if (!connection) throw new BrokerError('connection-unknown', { connection: request.connection });
    const principal = principalOf({ request: { ...request, port: 0 }, setting, person });
    return { connection, principal, policy: setting.policy, tool: this.#ports.tool };
  }

  /** Ends all and resolves when each is sealed or left for recovery. */
  async endAll(ending: Ending): Promise<void> {
    for (const session of this.#running.values()) session.end(ending);
    await this.settled();
  }

  /** Resolves when no session is left. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await new Promise((resolve) => this.#waiting.push(resolve));
  }

  #waiting: ((value: unknown) => void)[] = [];

  /** Resolves when none is being opened or sealed: those that are open go on. */
  async quiet(): Promise<void> {
    while ([...this.#running.values()].some(({ row }) => row.state !== 'open'))
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** One whole session over its front's stream. */
  async run(call: LinesCall): Promise<void> {
    if (this.#closed !== undefined) throw new BrokerError('agent-unreachable', { reason: this.#closed });
    const front = new Front(call);
    const request = await front.request();
    const following = front.follow();
    const setting = await this.#ports.setting(request.caller);
    const person = await this.#ports.person();
    const session = this.#create(request, front, setting, person);
    front.onEnd = (ending) => session.end(ending);
    front.onHeld = (message) => session.hear(message);
    if (front.gone.aborted) session.end(FRONT_GONE);
    try {
      await this.#serve(session, front);
    } finally {
      this.#running.delete(session.id);
      this.#changed();
      if (session.owes) this.#ports.recover();
      for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    }
    front.onEnd = () => undefined;
    if (call.gone.aborted) await following;
  }

  #create(request: OpenRequest, front: Front, setting: Setting, person: Person): Session {
    const id = sessionId(this.#ports.clock.now());
    const session = new Session({ id, request, front, setting, person }, this.#ports);
    this.#running.set(id, session);
    this.#changed();
    return session;
  }

  async #serve(session: Session, front: Front): Promise<void> {
    const { log } = this.#ports;
    try {
      const opened = await session.open();
      log.info(
        { session: session.id, connection: opened.connection, steps: session.steps },
        'session opened',
      );
      front.send({ type: 'opened', session: opened });
    } catch (error) {
      const failure = toBrokerError(error);
      log.warn({ session: session.id, code: failure.code, reason: failure.message }, 'session refused');
      front.send({ type: 'error', error: failure.toJSON() });
      await session.close({ end: 'failed', reason: failure.message }, Promise.resolve());
      return;
    }
    const ending = await session.ended;
    front.send({ type: 'ended', end: ending.end, reason: ending.reason });
    const state = await this.#close(session, ending, front);
    front.send({ type: 'sealed', session: session.id, state });
  }

  async #close(session: Session, ending: Ending, front: Front): Promise<'sealed' | 'waiting'> {
    const { log } = this.#ports;
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      late = setTimeout(resolve, FRONT_PATIENCE);
    });
    try {
      const state = await session.close(ending, Promise.race([front.done, patience]));
      const { id, steps } = session;
      log.info({ session: id, end: ending.end, reason: ending.reason, state, steps }, 'session ended');
      return state === 'sealed' ? 'sealed' : 'waiting';
    } catch (error) {
      log.error({ session: session.id, reason: messageOf(error) }, 'closing failed; recovery will seal it');
      return 'waiting';
    } finally {
      clearTimeout(late);
    }
  }
}
