// Ways to reach one PostgreSQL for a benchmark: directly, through pgbouncer, and through a whole worker in a process of its own.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerSession } from '../../src/agent/worker/session.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { PostgresPeer } from '../peers/postgres.ts';

export interface Way {
  readonly name: string;
  /** libpq variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resident bytes of the process in between. */
  memory?(): Promise<number>;
  stop(): Promise<void>;
}

interface Order {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly columns: Readonly<Record<string, string>>;
  /** Data types looked for; none leaves only lineage. */
  readonly detectors: readonly string[];
}

const ROLE = 'endpoint';

function connectionOf(order: Order): Connection {
  return {
    name: 'bench-db',
    type: 'postgres',
    host: order.host,
    port: order.port,
    database: 'postgres',
    tls: { mode: 'disable' },
    credential: { source: 'env' },
    labels: [],
    masking: { columns: order.columns, strategies: {}, onUnknown: 'mask', detectors: order.detectors },
    recording: { maxRows: 100, maxBytes: 65_536 },
  };
}

/** In the forked process: serves one session with the product's own worker, everything on. True when it was that process. */
export async function servesEndpoint(): Promise<boolean> {
  if (process.argv[2] !== ROLE || !process.send) return false;
  const order = JSON.parse(process.argv[3] ?? '') as Order;
  const spool = mkdtempSync(join(tmpdir(), 'bench-spool-'));
  const user = { iss: 'https://issuer.example', sub: 'bench', groups: [] };
  const session = await WorkerSession.admit(
    {
      id: 'bench',
      connection: connectionOf(order),
      principal: { kind: 'user', user },
      policy: {
        files: {
          'all.cedar':
            '@id("all") permit (principal, action in [Action::"session", Action::"read", Action::"write", Action::"destroy", Action::"define", Action::"administer", Action::"execute", Action::"unknown"], resource);',
        },
      },
      client: 'proxy',
      port: 0,
      spool,
      hashKey: Buffer.alloc(32, 1).toString('base64'),
      tool: 'bench',
    },
    {
      clock: systemClock,
      failed: (error) => {
        console.error(error);
        process.exit(1);
      },
      activity: () => {},
    },
  );
  const { endpoint } = await session.serve({
    user: order.user,
    secret: { kind: 'password', password: order.password },
    label: 'static',
  });
  process.on('message', async (wish) => {
    if (wish === 'memory') process.send?.({ memory: process.memoryUsage.rss() });
    else {
      await session.close('bench over');
      rmSync(spool, { recursive: true, force: true });
      process.exit(0);
    }
  });
  process.send({ endpoint });
  return true;
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the endpoint ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

const PLAIN = { PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };

export function directly(server: PostgresPeer): Way {
  const { user, password } = server.superuser;
  return {
    name: 'direct',
    environment: {
      PGHOST: '127.0.0.1',
      PGPORT: String(server.port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: 'postgres',
      ...PLAIN,
    },
    stop: async () => {},
  };
}

/** The whole product between client and server, unix socket upstream. */
export async function throughBroker(
  server: PostgresPeer,
  options: {
    name?: string;
    columns?: Order['columns'];
    detectors?: readonly string[];
    profile?: string;
  } = {},
): Promise<Way> {
  const { user, password } = server.superuser;
  const order: Order = {
    host: server.socketDir,
    port: server.port,
    user,
    password,
    columns: options.columns ?? {},
    detectors: options.detectors ?? [],
  };
  const execArgv = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  // Our own flags come along: they are what lets the child run TypeScript.
  const child = fork(process.argv[1] ?? '', [ROLE, JSON.stringify(order)], {
    execArgv: [...process.execArgv, ...execArgv],
  });
  const { endpoint } = await answer<{
    endpoint: { port: number; user: string; database: string; secret: string };
  }>(child);
  return {
    name: options.name ?? 'broker',
    environment: {
      PGHOST: '127.0.0.1',
      PGPORT: String(endpoint.port),
      PGUSER: endpoint.user,
      PGPASSWORD: endpoint.secret,
      PGDATABASE: endpoint.database,
      ...PLAIN,
    },
    memory: async () => {
      child.send('memory');
      return (await answer<{ memory: number }>(child)).memory;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** pgbouncer in session mode, unix socket upstream, SCRAM on both sides. */
export async function throughPgbouncer(server: PostgresPeer): Promise<Way> {
  const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  chmodSync(folder, 0o755);
  const { user, password } = server.superuser;
  const port = await freePort();
  writeFileSync(join(folder, 'users.txt'), `"${user}" "${password}"\n`);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    pool_mode: 'session',
    max_client_conn: 200,
    default_pool_size: 100,
    unix_socket_dir: '',
    logfile: '/dev/null',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const database = `postgres = host=${server.socketDir} port=${server.port} dbname=postgres`;
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]\n${database}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  // pgbouncer refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
  if (nobody) chownSync(folder, nobody.uid, nobody.gid);
  const file = join(folder, 'pgbouncer.ini');
  const child = spawn('pgbouncer', [file], { ...nobody, cwd: folder, stdio: 'ignore' });
  return {
    name: 'pgbouncer',
    environment: {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: 'postgres',
      ...PLAIN,
    },
    stop: async () => {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
