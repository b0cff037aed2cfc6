// A small world around the real binary: a HOME, a provider, a PostgreSQL with a shop in it, a store, a configuration.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresPeer, startPostgres } from './postgres.ts';
import { type ProviderOptions, type ProviderPeer, startProvider } from './provider.ts';
import { SHOP_COLUMNS, shopSql } from './shop.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

/** Reads are for everyone in `developers`; blind writes are stopped; the rest of what tests do is allowed. */
const POLICY = `
@id("developers-open")
permit (principal in Group::"developers", action == Action::"session:open", resource);

@id("developers-work")
permit (
  principal in Group::"developers",
  action in [Action::"read", Action::"write", Action::"define", Action::"execute", Action::"destroy"],
  resource
);

@id("no-blind-writes")
@advice("add a WHERE clause, or ask for approval")
forbid (principal, action in [Action::"sql:delete-all", Action::"sql:update-all"], resource in Label::"env:prod");

@id("drops-ask")
@ask("dropping a table loses data")
forbid (principal, action == Action::"sql:drop", resource in Label::"env:prod");
`;

export interface WorldOptions {
  readonly version?: 15 | 18;
  readonly policy?: string;
  readonly provider?: ProviderOptions;
  /** Store URL; a folder in the world when absent. */
  readonly store?: string;
  /** YAML of more connections, indented by two. */
  readonly connections?: string;
  /** YAML lines of further top-level settings. */
  readonly settings?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly folder: string;
  readonly home: string;
  readonly store: string;
  /** Everything a shell needs to use this world. */
  readonly environment: Readonly<Record<string, string>>;
  readonly provider: ProviderPeer;
  readonly postgres: PostgresPeer;
  /** Starts the binary without waiting for it. */
  spawn(args: readonly string[]): ChildProcess;
  /** Runs the binary to its end. */
  broker(args: readonly string[], input?: string): Promise<Finished>;
  /** Signs in as one of the provider's accounts, over HTTP as a browser would. */
  signIn(account?: string): Promise<void>;
  /** Another HOME and state against the same provider, database and store. */
  another(name: string, environment?: Readonly<Record<string, string>>): World;
  stop(): Promise<void>;
}

function configuration(
  world: { store: string; folder: string },
  issuer: string,
  port: number,
  options: WorldOptions,
): string {
  const columns = SHOP_COLUMNS.map((line) => `      ${line}`).join('\n');
  return `version: 1
identity:
  issuer: ${issuer}
  client_id: broker-evidence
  scopes: [openid, email, groups, offline_access]
  groups_claim: groups
store:
  url: ${options.store ?? `file:${world.store}`}
keychain: file
policy: [policy.cedar]
${options.settings ?? ''}
connections:
  prod-db:
    type: postgres
    host: 127.0.0.1
    port: ${port}
    database: shop
    tls: { mode: disable }
    credential:
      source: ephemeral-role
      admin: { user: postgres, password_variable: SHOP_ADMIN_PASSWORD }
      grant: [app]
    labels: [env:prod]
    columns:
${columns}
${options.connections ?? ''}`;
}

function collect(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The sign-in page's address as the command prints it. */
function untilUrl(child: ChildProcess): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      const url = /https?:\/\/\S+/.exec(seen)?.[0];
      if (url && /\s/.test(seen.slice(seen.indexOf(url) + url.length))) resolve(url);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', () => reject(new Error(`no sign-in address was printed:\n${seen}`)));
  });
}

function populate(
  folder: string,
  name: string,
  shared: Omit<World, 'folder' | 'home' | 'environment' | 'spawn' | 'broker' | 'signIn' | 'another'>,
  options: WorldOptions,
): World {
  const home = join(folder, name);
  const config = join(home, '.config', 'broker');
  mkdirSync(config, { recursive: true, mode: 0o700 });
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const text = configuration(
    { store: shared.store, folder },
    shared.provider.issuer,
    shared.postgres.port,
    options,
  );
  writeFileSync(join(config, 'broker.yaml'), text, { mode: 0o600 });
  writeFileSync(join(config, 'policy.cedar'), options.policy ?? POLICY, { mode: 0o600 });
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    SHOP_ADMIN_PASSWORD: shared.postgres.superuser.password,
    ...options.environment,
  };
  const start = (args: readonly string[]) =>
    spawn(process.execPath, [BROKER, ...args], { env: environment, cwd: home });
  const world: World = {
    ...shared,
    folder,
    home,
    environment,
    spawn: start,
    broker: (args, input) => {
      const child = start(args);
      child.stdin?.end(input ?? '');
      return collect(child);
    },
    signIn: async (account = 'alice') => {
      const child = start(['login', '--no-browser']);
      const finished = collect(child);
      const landed = await shared.provider.redirectOverHttp(await untilUrl(child), account);
      child.stdin?.end(`${landed}\n`);
      const { code, stderr } = await finished;
      if (code !== 0) throw new Error(`sign-in failed: ${stderr}`);
    },
    another: (other, more = {}) =>
      populate(folder, other, shared, { ...options, environment: { ...options.environment, ...more } }),
    stop: async () => {
      await world.broker(['agent', 'stop']);
      await shared.stop();
    },
  };
  return world;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'world-'));
  const [postgres, provider] = await Promise.all([
    startPostgres({ version: options.version ?? 18 }),
    startProvider(options.provider),
  ]);
  await postgres.query('create database shop');
  await postgres.query(shopSql(), 'shop');
  const store = join(folder, 'store');
  mkdirSync(store, { mode: 0o700 });
  const stop = async () => {
    await Promise.all([postgres.stop(), provider.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return populate(folder, 'home', { store, postgres, provider, stop }, options);
}
