// A session opened by `broker proxy`, held open for foreign clients, with the worker's memory in view.
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { World } from '../peers/world.ts';

export interface Proxied {
  readonly session: string;
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** libpq's variables for this session. */
  readonly environment: Readonly<Record<string, string>>;
  /** Peak resident memory of the session's worker so far, in MiB. */
  peak(): number;
  /** Resolves when the command has ended, whoever ended it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

interface Printed {
  readonly session: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly secret: string;
}

function firstLine(child: ChildProcess): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      if (seen.includes('\n')) resolve(seen.slice(0, seen.indexOf('\n')));
    });
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8');
    });
    child.once('close', () => reject(new Error(`the proxy ended: ${complaint}`)));
  });
}

/** The process that listens on a port, from the kernel's tables. */
export function listenerPid(port: number): number {
  const out = execFileSync('ss', ['-ltnpH', `sport = :${port}`], { encoding: 'utf8' });
  return Number(/pid=(\d+)/.exec(out)?.[1] ?? 0);
}

export async function openProxy(world: World, args: readonly string[] = []): Promise<Proxied> {
  const child = world.spawn(['proxy', 'prod-db', '--json', ...args]);
  const printed = JSON.parse(await firstLine(child)) as Printed;
  const { session, host, port, user, database, secret } = printed;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = listenerPid(port);
  return {
    session,
    host,
    port,
    secret,
    environment: {
      ...world.environment,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSWORD: secret,
      PGSSLMODE: 'disable',
    },
    peak: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    ended: closed,
    close: async () => {
      child.kill('SIGINT');
      await closed;
    },
  };
}
