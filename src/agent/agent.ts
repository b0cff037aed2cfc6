// The agent as a whole: who is asked what, when it stops, and in which order. Picks no implementation itself.
import type { Clock } from '../lib/clock.ts';
import { timestamp } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { ApprovalHost } from './approvals/routes.ts';
import { messageOf } from './fault.ts';
import type {
  AgentIdentity,
  AgentStatus,
  Backlog,
  Caller,
  ConnectionTest,
  SignInState,
  WindowRow,
} from './messages.ts';
import type { Log } from './ports.ts';
import type { Ask } from './probe.ts';
import type { Remotes } from './remote.ts';
import type { Host } from './routes.ts';
import type { Sessions } from './sessions.ts';
import type { LoginTalk } from './sign-in.ts';
import type { TeamHost } from './team/routes.ts';
import type { PublishedPolicy } from './team-messages.ts';

/** Sign-in as the agent uses it, whatever the sign-in itself is made of. */
export interface SignInDesk {
  state(): Promise<SignInState>;
  login(talk: LoginTalk, caller: Caller): Promise<SignInState>;
  logout(): Promise<SignInState>;
  load(): Promise<void>;
}

export interface Secrets {
  readonly kind: string;
  set(name: string, value: string): Promise<void>;
  delete(name: string): Promise<boolean>;
  lend(name: string): Promise<string | undefined>;
  names(): Promise<readonly string[]>;
}

export interface AgentPorts {
  readonly identity: AgentIdentity;
  readonly clock: Clock;
  readonly log: Log;
  readonly logPath: string;
  readonly sessions: Sessions;
  readonly signIn: SignInDesk;
  secrets(): Promise<Secrets>;
  /** Everything that waits, unsealed sessions included. */
  backlog(): Promise<Backlog>;
  store(): Promise<string | undefined>;
  approvals(): Promise<ApprovalHost>;
  /** Open ones, and how many requests wait for an answer. */
  windows(): Promise<{ readonly open: readonly WindowRow[]; readonly waiting: number }>;
  readonly remotes: Remotes;
  teams(): Promise<TeamHost>;
  /** The team's policy as it is in force; undefined where none is configured. */
  policy(): Promise<PublishedPolicy | undefined>;
  test(connection: string, caller: Caller, environment: Ask): Promise<ConnectionTest>;
  access(caller: Caller, detail: Readonly<Record<string, unknown>>): Promise<string>;
  /** Sign-in, upload queues and recovery of what an earlier agent left. Returns how many sessions still wait. */
  recover(): Promise<number>;
  /** The last statement of each chain, then the queues. */
  closeEvidence(reason: string): Promise<void>;
  stopEvidence(): Promise<void>;
  prepareWorker(): void;
  stopWorkers(): void;
  /** Lets another agent take the socket's name and the lock. */
  giveWay(): void;
  /** Tells the agent that took over that a session waits in the spool. */
  handOver(): Promise<void>;
  closeServer(): Promise<void>;
  idleSeconds(): Promise<number>;
}

/** While something waits for another process to end or for the target to answer. */
const RECOVER_AGAIN = [500, 1000, 2000, 5000, 5000, 5000, 5000, 15_000, 60_000] as const;

export class Agent implements Host {
  readonly #ports: AgentPorts;
  readonly #started: string;
  readonly stopped: Promise<void>;
  #finish: () => void = () => undefined;
  #draining = false;
  #stopping = false;
  #busy = 0;
  #lastUse: number;
  #idle: NodeJS.Timeout | undefined;
  #recovering: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #rounds = 0;
  #handing: Promise<void> = Promise.resolve();

  constructor(ports: AgentPorts) {
    this.#ports = ports;
    this.#started = timestamp(ports.clock.micros());
    this.#lastUse = ports.clock.now();
    this.stopped = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Whoever asks is about to use the agent: it does not go idle in between. */
  get identity(): AgentIdentity {
    this.#lastUse = this.#ports.clock.now();
    return this.#stopping ? { ...this.#ports.identity, stopping: true } : this.#ports.identity;
  }

  get sessions(): Sessions {
    return this.#ports.sessions;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** After the socket answers: everything that may take longer. */
  async begin(): Promise<void> {
    await this.recover();
    this.#ports.prepareWorker();
    await this.#scheduleIdle();
  }

  async status(): Promise<AgentStatus> {
    const { sessions, signIn, logPath } = this.#ports;
    const store = await this.#ports.store().catch(() => undefined);
    const policy = await this.#ports.policy().catch(() => undefined);
    return {
      ...this.identity,
      started: this.#started,
      draining: this.#draining,
      signIn: await this.#use(() => signIn.state()),
      sessions: sessions.rows(),
      backlog: await this.#ports.backlog(),
      windows: (await this.#ports.windows()).open,
      ...(store === undefined ? {} : { store }),
      ...(policy === undefined ? {} : { policy }),
      log: logPath,
      memory: process.memoryUsage.rss(),
    };
  }

  signInState(): Promise<SignInState> {
    return this.#use(() => this.#ports.signIn.state());
  }

  login(talk: LoginTalk, caller: Caller): Promise<SignInState> {
    return this.#use(async () => {
      const state = await this.#ports.signIn.login(talk, caller);
      this.#ports.log.info({}, 'signed in');
      void this.recover();
      return state;
    });
  }

  logout(): Promise<SignInState> {
    return this.#use(async () => {
      await this.#ports.sessions.endAll({ end: 'closed', reason: 'signed out' });
      const was = await this.#ports.signIn.logout();
      this.#ports.log.info({}, 'signed out');
      return was;
    });
  }

  approvals<T>(action: (approvals: ApprovalHost) => Promise<T>): Promise<T> {
    return this.#use(async () => action(await this.#ports.approvals()));
  }

  remotes<T>(action: (remotes: Remotes) => Promise<T>): Promise<T> {
    return this.#use(() => action(this.#ports.remotes));
  }

  teams<T>(action: (teams: TeamHost) => Promise<T>): Promise<T> {
    return this.#use(async () => action(await this.#ports.teams()));
  }

  test(connection: string, caller: Caller, environment: Ask): Promise<ConnectionTest> {
    return this.#use(() => this.#ports.test(connection, caller, environment));
  }

  access(caller: Caller, detail: Readonly<Record<string, unknown>>): Promise<string> {
    return this.#use(() => this.#ports.access(caller, detail));
  }

  setSecret(name: string, value: string): Promise<void> {
    return this.#use(async () => (await this.#ports.secrets()).set(name, value));
  }

  deleteSecret(name: string): Promise<boolean> {
    return this.#use(async () => (await this.#ports.secrets()).delete(name));
  }

  lendSecret(name: string): Promise<string | undefined> {
    return this.#use(async () => (await this.#ports.secrets()).lend(name));
  }

  secrets(): Promise<readonly string[]> {
    return this.#use(async () => (await this.#ports.secrets()).names());
  }

  /** Rounds never overlap; what waits is tried again while the agent lives. */
  recover(): Promise<void> {
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  async #recover(): Promise<void> {
    if (this.#draining || this.#stopping) return;
    clearTimeout(this.#retry);
    try {
      const waiting = await this.#ports.recover();
      const pause = RECOVER_AGAIN[Math.min(this.#rounds, RECOVER_AGAIN.length - 1)];
      this.#rounds = waiting > 0 ? this.#rounds + 1 : 0;
      if (waiting > 0) this.#retry = setTimeout(() => void this.recover(), pause).unref();
    } catch (error) {
      this.#ports.log.error({ reason: messageOf(error) }, 'recovery failed');
    }
  }

  /** Another version takes over: no new sessions, the ledger is theirs, ours go on until their fronts end. */
  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#ports.log.info({}, 'draining for another version');
    this.#ports.sessions.refuse('it is being replaced by another version');
    this.#ports.stopWorkers();
    await this.#recovering;
    await this.#ports.sessions.quiet();
    await this.#ports.stopEvidence();
    this.#ports.giveWay();
    void this.#ports.sessions.settled().then(async () => {
      await this.#handing;
      await this.#end();
    });
  }

  stop(now: boolean): void {
    if (this.#stopping) return;
    void this.#stop(now ? 'stopped' : undefined);
  }

  /** Called when sessions come and go. */
  changed(): void {
    this.#lastUse = this.#ports.clock.now();
    if (!this.#draining) return;
    // Should this fail, the other agent finds the session by itself.
    this.#handing = this.#handing.then(() => this.#ports.handOver()).catch(() => undefined);
  }

  async #stop(reason: string | undefined): Promise<void> {
    this.#stopping = true;
    this.#ports.sessions.refuse('it is stopping');
    if (reason === undefined) await this.#ports.sessions.settled();
    else await this.#ports.sessions.endAll({ end: 'interrupted', reason: 'the agent was stopped' });
    await this.#recovering;
    if (!this.#draining) await this.#ports.closeEvidence(reason ?? 'stopped');
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#idle);
    clearTimeout(this.#retry);
    this.#ports.stopWorkers();
    await this.#ports.closeServer();
    this.#ports.log.info({}, 'agent stopped');
    this.#finish();
  }

  async #use<T>(action: () => Promise<T>): Promise<T> {
    if (this.#stopping) throw new BrokerError('agent-unreachable', { reason: 'it is stopping' });
    this.#busy += 1;
    try {
      return await action();
    } finally {
      this.#busy -= 1;
      this.#lastUse = this.#ports.clock.now();
    }
  }

  /** Idle means: no session, no request, nothing that waits for the store. */
  async #scheduleIdle(): Promise<void> {
    const seconds = await this.#ports.idleSeconds();
    if (seconds <= 0 || this.#stopping) return;
    const left = this.#lastUse + seconds * 1000 - this.#ports.clock.now();
    if (left > 0 || this.#busy > 0 || this.#ports.sessions.size > 0) {
      this.#idle = setTimeout(() => void this.#scheduleIdle(), Math.max(left, 1000)).unref();
      return;
    }
    const { objects, unsealed } = await this.#ports.backlog();
    const { waiting } = await this.#ports.windows();
    if (objects > 0 || unsealed > 0 || waiting > 0) {
      this.#lastUse = this.#ports.clock.now();
      return this.#scheduleIdle();
    }
    void this.#stop('idle');
  }
}
