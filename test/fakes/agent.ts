// The agent's sessions behind a real control socket, with real evidence in a folder store and the fake worker program.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentClient, attach } from '../../src/agent/control.ts';
import { EvidenceDesk } from '../../src/agent/desk.ts';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { Leases } from '../../src/agent/leases.ts';
import type { FromFront, ToFront } from '../../src/agent/messages.ts';
import type { Person, SessionPorts } from '../../src/agent/ports.ts';
import { type Host, ROUTES } from '../../src/agent/routes.ts';
import { serve } from '../../src/agent/server.ts';
import { Sessions } from '../../src/agent/sessions.ts';
import { WorkerPool } from '../../src/agent/workers.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Config } from '../../src/model/config.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { Lease } from '../../src/model/credential.ts';
import { BrokerError } from '../../src/model/errors.ts';
import { fakeProvider } from './sign-in.ts';

const WORKER = new URL('./worker.mjs', import.meta.url).pathname;

export function connection(name: string, credential: Record<string, unknown> = {}): Connection {
  return {
    name,
    type: 'postgres',
    host: '127.0.0.1',
    port: 5432,
    database: 'shop',
    tls: { mode: 'disable' },
    credential: { source: 'fake', ...credential },
    labels: [],
    masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 10, maxBytes: 1000 },
  };
}

export interface FakeAgent {
  readonly folder: string;
  readonly spool: string;
  readonly store: string;
  readonly sessions: Sessions;
  /** What happened, in order. */
  readonly diary: string[];
  /** Changed by a test to end the sign-in or the credential. */
  readonly knobs: {
    person?: BrokerError;
    credentialExpires?: number;
    noCredential?: BrokerError;
    noRelease?: Error;
  };
  readonly desk: EvidenceDesk;
  client(): Promise<AgentClient>;
  /** Statement kinds in the store, in chain order. */
  stored(): string[];
  stop(): Promise<void>;
}

/** Kinds of the statements a store folder holds, by sequence number. */
export function statementKinds(store: string): string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(path, entry.name));
      else if (entry.name.endsWith('.sigstore.json')) found.push(entry.name);
    }
  };
  walk(store);
  return found.sort().map((name) => name.replace(/^\d+-|\.sigstore\.json$/g, ''));
}

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function signedIn(desk: EvidenceDesk, url: string): Promise<Person> {
  const now = Date.now();
  const times = { iat: now, exp: now + 3_600_000 };
  const signIn: EpochSignIn = await fakeProvider().signIn('alice', times);
  await desk.begin(signIn, { url, unsafe: false });
  const { iss, sub } = signIn.signer.identity;
  return { user: { iss, sub, groups: ['developers'] }, expires: times.exp };
}

export async function startFakeAgent(connections: readonly Connection[]): Promise<FakeAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const [spool, leases, store] = ['spool', 'leases', 'store'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(store, { mode: 0o700 });
  const diary: string[] = [];
  const knobs: FakeAgent['knobs'] = {};
  const tool = { name: 'broker', version: '0.0.0', digest: `sha256:${'0'.repeat(64)}` };
  const desk = new EvidenceDesk({
    folder: join(folder, 'ledger'),
    environment: process.env,
    clock: systemClock,
    tool,
    enforcement: 'local',
    log: SILENT,
  });
  const config: Config = {
    store: { url: `file:${store}`, unsafe: false, requireOnline: true, maxBacklog: 0 },
    keychain: 'file',
    policy: [],
    connections: new Map(connections.map((each) => [each.name, each])),
    agent: { idle: 0, spare: false },
    bots: new Map([['reader', { groups: ['bots'] }]]),
  };
  const person = await signedIn(desk, config.store.url);
  const pool = new WorkerPool({
    path: WORKER,
    environment: {},
    complain: (_, text) => diary.push(`worker: ${text}`),
  });
  const lease = (): Lease => ({
    credential: {
      user: 'app',
      secret: { kind: 'password', password: 'target-password' },
      label: 'short-lived',
      ...(knobs.credentialExpires === undefined ? {} : { expires: knobs.credentialExpires }),
    },
    release: async () => {
      if (knobs.noRelease) throw knobs.noRelease;
      diary.push('released');
    },
    resume: { role: 'r1' },
  });
  const unused = () => Promise.reject(new BrokerError('bug', { reason: 'not part of this test' }));
  const ports: SessionPorts = {
    clock: systemClock,
    spool,
    leases: new Leases(leases, SILENT),
    tool: 'broker/0.0.0',
    log: SILENT,
    setting: async () => ({
      config,
      policy: { files: { 'all.cedar': 'permit (principal, action, resource);' } },
    }),
    person: async () => {
      if (knobs.person) throw knobs.person;
      return person;
    },
    worker: () => pool.take(),
    prepareWorker: () => undefined,
    wanted: async ({ credential }) =>
      Array.isArray(credential['environment']) ? (credential['environment'] as string[]) : [],
    obtain: async ({ environment }) => {
      diary.push(`credential ${JSON.stringify(environment)}`);
      if (knobs.noCredential) throw knobs.noCredential;
      return lease();
    },
    hashKey: async () => Buffer.alloc(32).toString('base64'),
    open: async ({ store: settings }, order) => {
      await (await desk.ledger(settings)).open(order);
      diary.push(`open stored: ${statementKinds(store).includes('open')}`);
    },
    attempt: async ({ store: settings }, order) => {
      await (await desk.ledger(settings)).attempt(order);
      diary.push(`attempt ${order.code}`);
    },
    seal: async (url, at, end) => {
      diary.push(`seal ${end.end}`);
      return (await desk.sealSession(url, at, end)).kind;
    },
    recover: () => void diary.push('recovery asked'),
    admitBacklog: async () => undefined,
    approvals: unused,
    windows: async () => [],
  };
  const sessions = new Sessions(ports, () => undefined);
  const host: Host = {
    identity: { version: '0.0.0', build: 'test', pid: process.pid },
    sessions,
    status: unused,
    signInState: unused,
    login: unused,
    logout: unused,
    test: unused,
    access: unused,
    remotes: unused,
    teams: unused,
    approvals: unused,
    setSecret: unused,
    deleteSecret: unused,
    lendSecret: unused,
    secrets: unused,
    drain: unused,
    recover: () => undefined,
    stop: () => undefined,
  };
  const server = await serve(ROUTES, host, folder, 'agent.sock');
  return {
    folder,
    spool,
    store,
    sessions,
    diary,
    knobs,
    desk,
    client: () => attach(join(folder, 'agent.sock')),
    stored: () => statementKinds(store),
    stop: async () => {
      await sessions.endAll({ end: 'interrupted', reason: 'the test is over' });
      pool.stop();
      await server.close();
      await desk.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One front: what it was told, and how to answer. */
export class FakeFront {
  readonly told: ToFront[] = [];
  readonly over: Promise<BrokerError | undefined>;
  readonly #send: (message: FromFront) => boolean;
  readonly #controller = new AbortController();

  constructor(client: AgentClient, name: string, answers: Readonly<Record<string, string>> = {}) {
    const caller = { cwd: '/', home: '/', settings: {}, pid: process.pid };
    const dialogue = client.open(
      { type: 'open', connection: name, client: 'connect', port: 0, caller },
      this.#controller.signal,
    );
    this.#send = dialogue.send;
    this.over = (async () => {
      try {
        for await (const message of dialogue) {
          this.told.push(message);
          if (message.type === 'wanted') dialogue.send({ type: 'environment', values: answers });
        }
        return undefined;
      } catch (error) {
        if (error instanceof BrokerError) return error;
        throw error;
      }
    })();
  }

  /** Resolves with the first message of this type. */
  async until<T extends ToFront['type']>(type: T): Promise<Extract<ToFront, { type: T }>> {
    const deadline = performance.now() + 15_000;
    for (;;) {
      const found = this.told.find((message) => message.type === type);
      if (found) return found as Extract<ToFront, { type: T }>;
      if (performance.now() > deadline) throw new Error(`never ${type}: ${JSON.stringify(this.told)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  exit(exit = 0): void {
    this.#send({ type: 'exit', reason: 'the client ended', exit });
  }

  /** As if killed. */
  vanish(): void {
    this.#controller.abort();
  }
}
