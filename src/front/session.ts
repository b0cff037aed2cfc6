// A session as its front holds it: opened over one stream whose end ends it. Must never outlive the agent unnoticed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AgentClient,
  type BotClaim,
  brokerSettings,
  type Dialogue,
  FRONT_DONE,
  type FromFront,
  type OpenedSession,
  type SessionEnd,
  type ToFront,
} from '../agent/client.ts';
import { BrokerError } from '../model/errors.ts';
import type { FromHeld, PolicyText, ToHeld } from '../model/session.ts';

export interface OpenOrder {
  readonly connection: string;
  readonly client: 'connect' | 'proxy' | 'query' | 'exec' | 'mcp' | 'mcp' | 'run';
  readonly port: number;
  readonly reason?: string;
  readonly bot?: BotClaim;
  /** What clients of the session will present, when it was handed out before. */
  readonly secret?: string;
  readonly cwd: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told what is being waited for. */
  progress?(step: string): void;
  /** Another policy is in force. */
  obey?(policy: PolicyText): void;
  /** Names of the windows that are open now. */
  granted?(names: readonly string[]): void;
  /** About what this front asked people. */
  hear?(message: ToHeld): void;
}

export interface Over {
  readonly end: SessionEnd | 'lost';
  readonly reason: string;
}

export interface FrontSession {
  readonly opened: OpenedSession;
  /** Variables the credential source was given: whoever works in the session has no business with them. */
  readonly lent: readonly string[];
  /** Resolves when the agent ended the session, or is gone. Does not resolve because of `close`. */
  readonly over: Promise<Over>;
  /** Asks people about a call. */
  tell(message: FromHeld): void;
  /** Everything this front recorded is on disk. Resolves when the agent has sealed the session or left it for later. */
  close(exit: { reason: string; exit?: number; signal?: string }): Promise<'sealed' | 'waiting'>;
}

/** What a command throws when its session was ended from outside. */
export function overError(connection: string, over: Over): BrokerError {
  if (over.end === 'lost') return new BrokerError('agent-lost');
  return new BrokerError('session-ended', { connection, reason: over.reason });
}

const SEAL_PATIENCE = 15_000;

class Line implements FrontSession {
  readonly over: Promise<Over>;
  lent: readonly string[] = [];
  readonly #dialogue: Dialogue<ToFront, FromFront>;
  readonly #order: OpenOrder;
  readonly #sealed: Promise<'sealed' | 'waiting'>;
  #opened: OpenedSession | undefined;
  #closing = false;
  #closed: Promise<'sealed' | 'waiting'> | undefined;
  #resolveOver: (over: Over) => void = () => undefined;
  #resolveSealed: (state: 'sealed' | 'waiting') => void = () => undefined;

  constructor(dialogue: Dialogue<ToFront, FromFront>, order: OpenOrder) {
    this.#dialogue = dialogue;
    this.#order = order;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    this.#sealed = new Promise((resolve) => {
      this.#resolveSealed = resolve;
    });
  }

  get opened(): OpenedSession {
    if (!this.#opened) throw new BrokerError('bug', { reason: 'the session is not open' });
    return this.#opened;
  }

  /** Resolves when the session is open; rejects with what refused it. */
  async open(): Promise<void> {
    const lines = this.#dialogue[Symbol.asyncIterator]();
    for (;;) {
      const next = await lines.next();
      if (next.done) throw new BrokerError('agent-lost');
      if (this.#obey(next.value)) break;
    }
    void this.#follow(lines);
  }

  /** True once the session is open. */
  #obey(message: ToFront): boolean {
    if (message.type === 'progress') this.#order.progress?.(message.step);
    if (message.type === 'wanted') {
      this.lent = message.names;
      const found = message.names.map((name) => [name, this.#order.environment[name]] as const);
      const values = Object.fromEntries(
        found.filter((pair): pair is [string, string] => pair[1] !== undefined),
      );
      this.#dialogue.send({ type: 'environment', values });
    }
    if (message.type !== 'opened') return false;
    this.#opened = message.session;
    return true;
  }

  async #follow(lines: AsyncIterator<ToFront>): Promise<void> {
    try {
      for (let next = await lines.next(); !next.done; next = await lines.next()) {
        const message = next.value;
        if (message.type === 'ended' && !this.#closing)
          this.#resolveOver({ end: message.end, reason: message.reason });
        if (message.type === 'sealed') this.#resolveSealed(message.state);
        if (message.type === 'policy') this.#order.obey?.(message.policy);
        if (message.type === 'grants') this.#order.granted?.(message.grants);
        if (message.type === 'held') this.#order.hear?.(message.message);
      }
    } catch {
      // However the stream broke, the agent is gone.
    }
    this.#resolveSealed('waiting');
    if (!this.#closing) this.#resolveOver({ end: 'lost', reason: 'the agent stopped' });
  }

  tell(message: FromHeld): void {
    this.#dialogue.send({ type: 'held', message });
  }

  close(exit: { reason: string; exit?: number; signal?: string }): Promise<'sealed' | 'waiting'> {
    this.#closed ??= this.#close(exit);
    return this.#closed;
  }

  async #close(exit: { reason: string; exit?: number; signal?: string }): Promise<'sealed' | 'waiting'> {
    this.#closing = true;
    try {
      // Read by the agent only when this stream has broken: then nobody hears the line below.
      writeFileSync(join(this.opened.spool, FRONT_DONE), '', { mode: 0o600 });
    } catch {
      // Sealed already: the folder is gone.
    }
    this.#dialogue.send({ type: 'exit', ...exit });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'waiting'>((resolve) => {
      timer = setTimeout(() => resolve('waiting'), SEAL_PATIENCE);
    });
    const state = await Promise.race([this.#sealed, late]);
    clearTimeout(timer);
    this.#dialogue.close();
    return state;
  }
}

/** Opens a session. Throws what refused it, in the agent's words. */
export async function openSession(client: AgentClient, order: OpenOrder): Promise<FrontSession> {
  const { connection, port, reason, cwd, home, environment } = order;
  const caller = { cwd, home, settings: brokerSettings(environment), pid: process.pid };
  // The signal ends the wait for a session, not the session: a front that is told to end still records its end.
  const waiting = new AbortController();
  const give = () => waiting.abort();
  order.signal.addEventListener('abort', give, { once: true });
  const first: FromFront = {
    type: 'open',
    connection,
    client: order.client,
    port,
    caller,
    ...(reason === undefined ? {} : { reason }),
    ...(order.bot === undefined ? {} : { bot: order.bot }),
    ...(order.secret === undefined ? {} : { secret: order.secret }),
  };
  const line = new Line(client.open(first, waiting.signal), order);
  try {
    await line.open();
    return line;
  } catch (error) {
    if (order.signal.aborted) throw new BrokerError('interrupted');
    throw error;
  } finally {
    order.signal.removeEventListener('abort', give);
  }
}
