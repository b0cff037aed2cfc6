// One connection as an MCP front uses it: nothing until it is needed, then a session, and another one when that has ended. Must never
// let a call through after its recorder is gone.
import { hostname, userInfo } from 'node:os';
import { type AgentClient, type BotClaim, brokerSettings, type FrontTerms } from '../../agent/client.ts';
import { createScanner } from '../../detectors/index.ts';
import { Calls } from '../../flow/calls.ts';
import { loadPolicies, type PolicySet } from '../../flow/decide/index.ts';
import { Asker } from '../../flow/escalate/index.ts';
import { openRecorder } from '../../flow/record/journal.ts';
import { jcsDigest } from '../../lib/jcs.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EventOrigin } from '../../model/event.ts';
import { owner } from '../../model/principal.ts';
import type { FromHeld } from '../../model/session.ts';
import type { FrontContext } from '../compose.ts';
import { type FrontSession, openSession, overError } from '../session.ts';
import { HeldCalls } from './held-calls.ts';

export interface AccessOrder {
  readonly connection: string;
  readonly secret: string;
  readonly reason?: string;
  readonly context: FrontContext;
  agent(): Promise<AgentClient>;
  /** Who acts: known once the host has said who it is. */
  bot(): BotClaim;
  /** Called with each new session, before anything is passed on in it. */
  opened?(calls: Calls): void;
}

export interface Live {
  readonly session: FrontSession;
  readonly calls: Calls;
  readonly held: HeldCalls;
}

/** Milliseconds for the agent to say how requests ended that nobody waits for any more. */
const LAST_WORDS = 700;
/** Milliseconds for which terms are believed without a session. */
const TERMS_FOR = 10_000;

export class Access {
  readonly #order: AccessOrder;
  #live: Promise<Live> | undefined;
  #ready: Live | undefined;
  #terms: { readonly at: number; readonly calls: Promise<Calls> } | undefined;
  /** The last calls that were made: answers are masked with them whether or not a session is open. */
  #last: Calls | undefined;
  #told: FrontTerms['policy'] | undefined;
  #loaded: { readonly digest: string; readonly set: Promise<PolicySet> } | undefined;
  #killed: BrokerError | undefined;
  #closed = false;

  constructor(order: AccessOrder) {
    this.#order = order;
  }

  get connection(): string {
    return this.#order.connection;
  }

  /** What masks, if anything is known of the connection yet. */
  get last(): Calls | undefined {
    return this.#last;
  }

  /** What decides, without a session: for lists. Throws what would refuse a session. */
  terms(): Promise<Calls> {
    if (this.#live) return this.#live.then(({ calls }) => calls);
    const now = this.#order.context.clock.now();
    if (this.#terms && now - this.#terms.at < TERMS_FOR) return this.#terms.calls;
    const calls = this.#ask();
    this.#terms = { at: now, calls };
    calls.then(
      (found) => {
        if (!this.#live) this.#last = found;
      },
      () => {
        this.#terms = undefined;
      },
    );
    return calls;
  }

  /** The session, where it is open. */
  get ready(): Live | undefined {
    return this.#closed || this.#killed ? undefined : this.#ready;
  }

  /** The session, opened by whoever needs it first. Throws what refused it; the next call tries again. */
  session(): Promise<Live> {
    if (this.#killed) return Promise.reject(this.#killed);
    if (this.#closed) return Promise.reject(new BrokerError('interrupted'));
    this.#live ??= this.#open();
    this.#live.catch(() => {
      this.#live = undefined;
    });
    return this.#live;
  }

  async close(reason: string): Promise<void> {
    this.#closed = true;
    const live = await this.#live?.catch(() => undefined);
    if (!live) return;
    await finish(live, reason);
    await live.session.close({ reason, exit: 0 });
  }

  get #caller() {
    const { cwd, home, environment } = this.#order.context;
    return { cwd, home, settings: brokerSettings(environment), pid: process.pid };
  }

  async #ask(): Promise<Calls> {
    const agent = await this.#order.agent();
    const { connection } = this.#order;
    const terms = await agent.terms({
      connection,
      client: 'mcp',
      bot: this.#order.bot(),
      caller: this.#caller,
    });
    return this.#calls(terms);
  }

  async #calls(terms: FrontTerms): Promise<Calls> {
    const { connection, principal, policy, hashKey, grants = [] } = terms;
    const { reason } = this.#order;
    return new Calls({
      terms: { connection, principal, client: 'mcp', ...(reason === undefined ? {} : { reason }) },
      grants,
      policy: await this.#policies(policy),
      scanner: createScanner(connection.masking.detectors),
      hashKey: Buffer.from(hashKey ?? '', 'base64'),
      clock: this.#order.context.clock,
    });
  }

  /** Loaded once for the same texts: checking them takes longer than a call may. */
  #policies(text: FrontTerms['policy']): Promise<PolicySet> {
    const digest = jcsDigest(text.files);
    if (this.#loaded?.digest !== digest) this.#loaded = { digest, set: loadPolicies(text) };
    return this.#loaded.set;
  }

  async #open(): Promise<Live> {
    const { context, connection, secret, reason } = this.#order;
    const session = await openSession(await this.#order.agent(), {
      ...context,
      connection,
      secret,
      client: 'mcp',
      port: 0,
      bot: this.#order.bot(),
      obey: (policy) => void this.#obey(policy),
      granted: (names) => void this.#granted(names),
      hear: (message) => void this.#live?.then(({ held }) => held.asker.hear(message)),
      ...(reason === undefined ? {} : { reason }),
    });
    try {
      return await this.#begin(session);
    } catch (error) {
      await session.close({ reason: 'the front could not record', exit: 1 });
      throw error;
    }
  }

  /** The agent has loaded it before: what cannot be loaded here all the same ends the session. */
  async #obey(text: FrontTerms['policy']): Promise<void> {
    this.#terms = undefined;
    this.#told = text;
    const live = await this.#live?.catch(() => undefined);
    try {
      const set = await this.#policies(text);
      if (this.#told !== text) return;
      live?.calls.obey(set);
      live?.held.changed();
    } catch (error) {
      if (live) await finish(live, (error as Error).message).catch(() => undefined);
      await live?.session.close({ reason: 'the front could not load the policy', exit: 1 });
    }
  }

  async #granted(names: readonly string[]): Promise<void> {
    this.#terms = undefined;
    const live = await this.#live?.catch(() => undefined);
    live?.calls.grant(names);
    live?.held.changed();
  }

  async #begin(session: FrontSession): Promise<Live> {
    const { opened } = session;
    if (!opened.terms) throw new BrokerError('bug', { reason: 'the agent told no terms' });
    const calls = await this.#calls(opened.terms);
    const { clock } = this.#order.context;
    const recorder = openRecorder({ folder: opened.spool, origin: originOf(session, opened.terms), clock });
    calls.record(recorder);
    const asking = {
      id: opened.id,
      principal: opened.terms.principal,
      client: 'mcp',
      stated: () => calls.stated,
    };
    const tell = (message: FromHeld): void => session.tell(message);
    const held = new HeldCalls(new Asker({ session: asking, recorder, clock, tell }));
    this.#last = calls;
    this.#order.opened?.(calls);
    const live = { session, calls, held };
    this.#ready = live;
    void session.over.then(async (over) => {
      this.#live = undefined;
      this.#ready = undefined;
      if (over.end === 'killed') this.#killed = overError(this.connection, over);
      await finish(live, over.reason).catch(() => undefined);
      await session.close({ reason: over.reason });
    });
    return live;
  }
}

/** Nobody is asked any more; then the record ends. */
async function finish({ calls, held }: Live, reason: string): Promise<void> {
  await held.close(LAST_WORDS);
  await calls.close(reason);
}

function originOf({ opened }: FrontSession, { principal, connection, tool }: FrontTerms): EventOrigin {
  const person = owner(principal);
  return {
    session: opened.id,
    recorder: 'front',
    who: {
      iss: person.iss,
      sub: person.sub,
      account: opened.account,
      ...(principal.kind === 'bot' ? { bot: principal.bot.id } : {}),
    },
    where: {
      connection: connection.name,
      protocol: 'mcp',
      address: opened.address,
      database: opened.database,
    },
    source: { host: hostname(), user: userInfo().username, pid: process.pid, tool },
  };
}
