// Picks who stands behind every port of the agent, and starts it. The only file of the agent that reads the environment.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paths } from '../config/paths.ts';
import type { SignedIn } from '../identity/index.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { takeLock } from '../lib/row-lock.ts';
import type { CredentialContext, Lease } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import type { Predicate } from '../model/evidence.ts';
import { Agent, type AgentPorts } from './agent.ts';
import { Approvals } from './approval-ports.ts';
import { bundled, digestOf, versionOf } from './build.ts';
import { EvidenceDesk } from './desk.ts';
import { type Environment, hasDesktop, workerEnvironment } from './environment.ts';
import { messageOf } from './fault.ts';
import { Leases, type OpenLease } from './leases.ts';
import { openLog } from './log.ts';
import type { AgentIdentity } from './messages.ts';
import { spooled } from './meta.ts';
import { secureFolder, socketFolder, socketPath } from './place.ts';
import { watchPolicy } from './policy-watch.ts';
import type { LeaseContext, Log, SessionPorts } from './ports.ts';
import { testConnection } from './probe.ts';
import { recoverSpool } from './recovery.ts';
import { Remotes } from './remote.ts';
import { ROUTES } from './routes.ts';
import { openSecrets, secretEntry } from './secrets.ts';
import { type ControlServer, serve } from './server.ts';
import { Sessions } from './sessions.ts';
import { Settings } from './settings.ts';
import { SignIn } from './sign-in.ts';
import { signInPorts } from './sign-in-ports.ts';
import { sourceOf } from './sources.ts';
import { sweepClientFiles } from './sweep.ts';
import { Teams } from './team-ports.ts';
import { watchUpkeep } from './upkeep.ts';
import { wantedVariables } from './wanted.ts';
import { type Watch, watchExpiry } from './watch.ts';
import { WorkerPool } from './workers.ts';

export interface AgentOptions {
  readonly home: string;
}

/** Everything one agent is made of, wired in the constructor, started by `run`. */
class Composition {
  readonly #clock: Clock = systemClock;
  readonly #environment: Environment = process.env;
  readonly #settings: Settings;
  readonly #paths: ReturnType<typeof paths>;
  readonly #identity: AgentIdentity;
  readonly #log: Log;
  readonly #tool: Predicate['tool'];
  readonly #desk: EvidenceDesk;
  readonly #approvals: Approvals;
  readonly #teams: Teams;
  readonly #signIn: SignIn<SignedIn>;
  readonly #sessions: Sessions;
  readonly #ports: SessionPorts;
  readonly #workers: WorkerPool;
  readonly #leases: Leases;
  /** Variables that callers gave to credential sources: giving back what they lent needs them again. */
  readonly #given: Record<string, string | undefined> = {};
  readonly #orphans = new Map<string, number>();
  #resumed: Promise<number> | undefined;
  #server: ControlServer | undefined;
  #agent: Agent | undefined;

  constructor(options: AgentOptions) {
    this.#paths = paths(options.home, this.#environment);
    const digest = digestOf();
    this.#identity = { version: versionOf(), build: digest.slice(0, 12), pid: process.pid };
    this.#log = openLog(this.#paths.log, this.#clock);
    this.#leases = new Leases(join(this.#paths.state, 'leases'), this.#log);
    this.#tool = { name: 'broker', version: this.#identity.version, digest: `sha256:${digest}` };
    this.#desk = new EvidenceDesk({
      folder: join(this.#paths.state, 'ledger'),
      environment: this.#environment,
      clock: this.#clock,
      tool: this.#tool,
      enforcement: 'local',
      log: this.#log,
    });
    this.#settings = new Settings(options.home, this.#paths.state, this.#environment);
    this.#signIn = new SignIn(
      signInPorts({ clock: this.#clock, log: this.#log, settings: this.#settings, desk: this.#desk }),
    );
    const parts = {
      clock: this.#clock,
      log: this.#log,
      tool: this.#tool,
      desk: this.#desk,
      settings: this.#settings,
      person: () => this.#signIn.person(),
    };
    this.#approvals = new Approvals({
      ...parts,
      folder: join(this.#paths.state, 'approvals'),
      sessions: () => this.#sessions.each(),
      desktop: hasDesktop(this.#environment),
    });
    this.#teams = new Teams({ ...parts, folder: join(this.#paths.state, 'policy') });
    this.#workers = new WorkerPool({
      path: bundled('worker.js') ?? fileURLToPath(new URL('./worker/main.ts', import.meta.url)),
      environment: workerEnvironment(this.#environment),
      complain: (pid, text) => this.#log.error({ worker: pid, text }, 'a worker complains'),
    });
    this.#ports = this.#sessionPorts();
    this.#sessions = new Sessions(this.#ports, () => this.#changed());
  }

  readonly #watch = (() => {
    let watches: readonly Watch[] | undefined;
    return () =>
      (watches ??= [
        watchExpiry(this.#sessions, () => this.#signIn.person(), this.#clock),
        watchPolicy({
          ...this.#ports,
          sessions: this.#sessions,
          record: async (store, policy, was) =>
            void (await (await this.#desk.ledger(store)).config(policy, { changed: 'policy', was })),
        }),
        watchUpkeep({
          ...this.#ports,
          sessions: this.#sessions,
          desk: this.#desk,
          draining: () => this.#agent?.draining === true,
        }),
      ]);
  })();

  #changed(): void {
    this.#agent?.changed();
    for (const watch of this.#watch()) watch.wake();
  }

  #sessionPorts(): SessionPorts {
    return {
      clock: this.#clock,
      spool: this.#paths.spool,
      leases: this.#leases,
      tool: `broker/${this.#identity.version}`,
      log: this.#log,
      setting: (caller) => this.#settings.setting(caller),
      person: () => this.#signIn.person(),
      worker: () => this.#workers.take(),
      prepareWorker: () => void this.#prepareWorker(),
      wanted: async ({ credential }) => wantedVariables(credential),
      obtain: (context) => this.#obtain(context),
      hashKey: async ({ store }) => (await (await this.#desk.link(store)).identity()).hashSalt,
      open: (config, order) => this.#desk.open(config, order),
      attempt: async ({ store }, order) => void (await (await this.#desk.ledger(store)).attempt(order)),
      seal: async (store, folder, end) => {
        if (this.#agent?.draining) return 'waiting';
        return (await this.#desk.sealSession(store, folder, end)).kind;
      },
      recover: () => void this.#agent?.recover(),
      approvals: async (given) => (await this.#approvals.desk()).session(given),
      windows: (name, user) => this.#approvals.windows(name, user),
      admitBacklog: ({ store }) => this.#desk.admit(store),
    };
  }

  async #prepareWorker(): Promise<void> {
    const config = await this.#settings.config().catch(() => undefined);
    if (config?.agent.spare) this.#workers.prepare();
  }

  async #obtain(context: LeaseContext): Promise<Lease> {
    const source = await sourceOf(context.connection);
    Object.assign(this.#given, context.environment);
    const { name } = context.connection;
    const [problem] = source.check(context.connection.credential);
    if (!problem) return source.obtain(this.#credentialContext(context));
    const reason = `credential.${problem.setting} ${problem.reason}`;
    throw new BrokerError('credential-failed', { connection: name, reason, mend: '`broker config check`' });
  }

  #credentialContext(context: LeaseContext): CredentialContext {
    return {
      ...context,
      environment: { ...this.#environment, ...context.environment },
      targetToken: (audience, kind) =>
        this.#signIn.targetToken(
          { ...(audience === undefined ? {} : { audience }), ...(kind ? { kind } : {}) },
          context.signal,
        ),
      secret: async (name) => (await this.#settings.keychain()).get(secretEntry(name)),
      now: () => this.#clock.now(),
    };
  }

  async #sweep(lease: OpenLease): Promise<void> {
    const source = await sourceOf(lease.connection);
    const context = { ...lease, signal: AbortSignal.timeout(15_000), environment: this.#given };
    await source.sweep?.(this.#credentialContext(context), lease.resume);
  }

  /** Until it is done nobody knows what waits. Done once, and again for what could not be taken up: returns how much that is. */
  async #resumeQueues(): Promise<number> {
    this.#resumed ??= this.#desk.resumeAll();
    const failed = await this.#resumed;
    if (failed > 0) this.#resumed = undefined;
    return failed;
  }

  async #recover(): Promise<number> {
    const own = () => new Set(this.#sessions.rows().map(({ id }) => id));
    await this.#signIn.load().catch((error: unknown) => {
      this.#log.warn({ reason: messageOf(error) }, 'the kept sign-in cannot be used');
    });
    const unresumed = await this.#resumeQueues();
    // What waits for a sign-in that a renewal would mend is sealed in the next round; this one need not wait for the provider.
    if (spooled(this.#paths.spool).length > 0) this.#signIn.person().catch(() => undefined);
    const left = await recoverSpool({
      spool: this.#paths.spool,
      log: this.#log,
      clock: this.#clock,
      orphans: this.#orphans,
      own,
      sweepLeases: () => this.#leases.sweep((lease) => this.#sweep(lease)),
      seal: async (store, folder, end) =>
        (await this.#desk.sealSession(store, folder, end)).kind === 'sealed',
      recover: (live) => this.#desk.recover(this.#paths.spool, live),
      sweepRuntime: (live) => sweepClientFiles(this.#paths.runtime, live),
    });
    return left + unresumed + (await this.#approvals.recover());
  }

  #agentPorts(release: () => void): AgentPorts {
    return {
      identity: this.#identity,
      clock: this.#clock,
      log: this.#log,
      logPath: this.#paths.log,
      sessions: this.#sessions,
      signIn: this.#signIn,
      secrets: async () => openSecrets(await this.#settings.keychain()),
      backlog: async () => {
        await this.#resumeQueues();
        const unsealed = spooled(this.#paths.spool).length - this.#sessions.size;
        return { unsealed: Math.max(0, unsealed), ...(await this.#desk.backlog()) };
      },
      store: async () => (await this.#settings.config()).store.url,
      approvals: () => this.#approvals.desk(),
      windows: () => this.#approvals.status(),
      teams: () => this.#teams.host(),
      policy: () => this.#teams.state(),
      remotes: new Remotes({ ...this.#ports, keychain: () => this.#settings.keychain() }),
      test: (connection, caller, ask) => testConnection(this.#ports, connection, caller, ask),
      access: async (caller, detail) => {
        const { store } = await this.#settings.config(caller);
        return (await (await this.#desk.ledger(store)).access(detail)).key;
      },
      recover: () => this.#recover(),
      closeEvidence: (reason) => this.#desk.close(reason),
      stopEvidence: () => this.#desk.stop(),
      prepareWorker: () => void this.#prepareWorker(),
      stopWorkers: () => this.#workers.stop(),
      giveWay: () => {
        this.#server?.rename(`drain-${process.pid}.sock`);
        release();
      },
      handOver: async () => {
        const { attach } = await import('./control.ts');
        await (await attach(socketPath(this.#paths.runtime))).recover();
      },
      closeServer: async () => this.#server?.close(),
      idleSeconds: async () => (await this.#settings.config().catch(() => undefined))?.agent.idle ?? 900,
    };
  }

  /** Resolves with the exit code once the agent has stopped. */
  async run(signal: AbortSignal): Promise<number> {
    secureFolder(this.#paths.state);
    secureFolder(this.#paths.runtime);
    const folder = socketFolder(this.#paths.runtime);
    secureFolder(folder);
    const lock = takeLock(this.#paths.runtime, 'agent');
    // Somebody else was faster; whoever asked finds them.
    if (!lock) return 0;
    const agent = new Agent(this.#agentPorts(() => lock.release()));
    this.#agent = agent;
    this.#server = await serve(ROUTES, agent, folder, 'agent.sock');
    this.#log.info({ version: this.#identity.version, build: this.#identity.build }, 'agent started');
    signal.addEventListener('abort', () => agent.stop(true), { once: true });
    if (signal.aborted) agent.stop(true);
    this.#watch();
    void agent.begin();
    await agent.stopped;
    return 0;
  }
}

/** Runs the agent of this user until it is told to stop, is idle, or gives way to another version. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<number> {
  process.umask(0o077);
  return new Composition(options).run(signal);
}
