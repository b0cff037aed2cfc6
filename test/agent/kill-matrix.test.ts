// kill -9 of front, worker and agent at six moments of a session, with the real binary, provider and PostgreSQL.
// What must hold afterwards: nothing acknowledged is lost, the session is sealed, its role is gone, its listener is closed,
// everything is uploaded, and the evidence verifies.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.signIn();
}, 120_000);
afterAll(() => world.stop(), 60_000);

const state = () => join(world.home, '.local', 'state', 'broker');
const spool = () => join(state(), 'spool');

async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Endpoint {
  readonly session: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly secret: string;
}

interface Running {
  readonly front: ChildProcess;
  readonly endpoint: Endpoint;
}

/** `broker proxy`, up to the line that says how to connect. */
async function openProxy(): Promise<Running> {
  const front = world.spawn(['proxy', 'prod-db', '--json']);
  let text = '';
  let errors = '';
  front.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  front.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const endpoint = await until('the proxy is open', () => {
    if (front.exitCode !== null) throw new Error(errors);
    return text.includes('\n') ? (JSON.parse(text) as Endpoint) : undefined;
  });
  return { front, endpoint };
}

async function client({ endpoint }: Running): Promise<pg.Client> {
  const { host, port, user, database, secret } = endpoint;
  const made = new pg.Client({ host, port, user, database, password: secret });
  made.on('error', () => undefined);
  await made.connect();
  return made;
}

interface Meta {
  readonly session: string;
  readonly opened: boolean;
  readonly agent: { readonly pid: number };
  readonly worker?: { readonly pid: number };
  readonly end?: unknown;
}

function metas(): Meta[] {
  const names = existsSync(spool()) ? readdirSync(spool()) : [];
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(spool(), name, 'meta.json'), 'utf8')) as Meta];
    } catch {
      return [];
    }
  });
}

type Victim = 'front' | 'worker' | 'agent';
const VICTIMS: readonly Victim[] = ['front', 'worker', 'agent'];

function kill(victim: Victim, front: ChildProcess): void {
  const [meta] = metas();
  const pid = { front: front.pid, worker: meta?.worker?.pid, agent: meta?.agent.pid }[victim];
  if (pid === undefined) throw new Error(`there is no ${victim} to kill`);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // A worker that has done its part already is as dead as it gets.
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
  }
}

interface Statement {
  readonly kind: string;
  readonly session?: { readonly id: string; readonly end?: string };
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
}

function statements(): Statement[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(path, entry.name));
      else if (entry.name.endsWith('.sigstore.json')) found.push(join(path, entry.name));
    }
  };
  walk(world.store);
  return found.sort().map((path) => {
    const bundle = JSON.parse(readFileSync(path, 'utf8')) as { dsseEnvelope: { payload: string } };
    const { subject, predicate } = JSON.parse(
      Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString(),
    ) as {
      subject: Statement['subject'];
      predicate: Omit<Statement, 'subject'>;
    };
    return { ...predicate, subject };
  });
}

/** All events of a session: a long one has a log for each of its parts. */
function eventsOf(session: Statement): string {
  return session.subject
    .filter(({ name }) => /^events(-\d+)?\.jsonl\.gz$/.test(name))
    .map(({ digest: { sha256 } }) =>
      readFileSync(join(world.store, 'v1', 'blob', 'sha256', sha256.slice(0, 2), sha256)),
    )
    .map((log) => gunzipSync(log).toString())
    .join('');
}

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

async function rolesLeft(): Promise<number> {
  const [row] = await world.postgres.query(
    "select count(*)::int as n from pg_roles where rolname like 'broker%'",
  );
  return Number(row?.['n']);
}

/** Starts an agent when there is none, and waits until it has cleaned up after everybody. */
async function recover(front: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => front.once('exit', resolve));
  await world.broker(['agent', 'start']);
  if (front.exitCode === null && front.signalCode === null) {
    // A proxy without its agent or its session ends by itself.
    await gone;
  }
  await until(
    'everything is sealed and stored',
    async () => {
      const { stdout, code } = await world.broker(['status', '--json']);
      if (code !== 0) return undefined;
      const { backlog, sessions } = JSON.parse(stdout) as {
        backlog: { objects: number; unsealed: number };
        sessions: unknown[];
      };
      return backlog.objects === 0 && backlog.unsealed === 0 && sessions.length === 0 ? true : undefined;
    },
    40,
  );
}

/** Everything that must hold for one session, whoever was killed. */
async function checkSession(running: Running, ends: readonly string[]): Promise<string> {
  const { session, port } = running.endpoint;
  const mine = statements().filter((each) => each.session?.id === session);
  // A session that lasts on a slow machine may be uploaded in parts.
  expect(mine.map(({ kind }) => kind).filter((kind) => kind !== 'part')).toEqual(['open', 'session']);
  const sealed = mine.find(({ kind }) => kind === 'session');
  expect(ends).toContain(sealed?.session?.end);
  expect(await rolesLeft()).toBe(0);
  expect(await refusesConnections(port)).toBe(true);
  expect(readdirSync(spool())).toEqual([]);
  expect(readdirSync(join(state(), 'leases'))).toEqual([]);
  const verified = await world.broker(['verify', '--since', '1d']);
  expect(verified.stderr).toBe('');
  expect(verified.code).toBe(0);
  return sealed ? eventsOf(sealed) : '';
}

/** How a session that lost its front, its worker or its agent may be called. */
const ENDS: Readonly<Record<Victim, readonly string[]>> = {
  front: ['interrupted'],
  worker: ['failed'],
  agent: ['interrupted'],
};

describe.each(VICTIMS)('kill -9 of the %s', (victim) => {
  it('before `open` is stored leaves no session, no role and no listener', async () => {
    const admin = new pg.Client({
      host: world.postgres.host,
      port: world.postgres.port,
      user: world.postgres.superuser.user,
      password: world.postgres.superuser.password,
      database: 'shop',
    });
    await admin.connect();
    const before = statements().filter(({ kind }) => kind === 'open').length;
    const front = world.spawn(['proxy', 'prod-db', '--json']);
    try {
      // The worker reads this table when it loads the catalogue: the session has its role and gets no further.
      await admin.query('begin; lock table pg_catalog.pg_depend in access exclusive mode');
      await until('the session waits for its target', async () => {
        const { rows } = await admin.query('select 1 from pg_locks where not granted');
        return rows.length > 0 ? true : undefined;
      });
      kill(victim, front);
    } finally {
      await admin.query('rollback');
      await admin.end();
    }
    await recover(front);
    expect(statements().filter(({ kind }) => kind === 'open').length).toBe(before);
    expect(await until('its role is gone', async () => ((await rolesLeft()) === 0 ? true : undefined))).toBe(
      true,
    );
    expect(readdirSync(spool())).toEqual([]);
  }, 90_000);

  it('after `open`, before the first statement', async () => {
    const running = await openProxy();
    kill(victim, running.front);
    await recover(running.front);
    await checkSession(running, ENDS[victim]);
  }, 90_000);

  it('while a statement runs', async () => {
    const running = await openProxy();
    const connection = await client(running);
    await connection.query("select 'acknowledged before' as word");
    const lost = connection.query('select pg_sleep(60)').then(
      () => 'answered',
      () => 'lost',
    );
    await until('the statement runs', async () => {
      const rows = await world.postgres.query(
        "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and usename like 'broker%'",
      );
      return rows.length > 0 ? true : undefined;
    });
    kill(victim, running.front);
    expect(await lost).toBe('lost');
    await recover(running.front);
    const events = await checkSession(running, ENDS[victim]);
    expect(events).toContain('acknowledged before');
    expect(events).toContain('pg_sleep(60)');
  }, 90_000);

  it('between a statement and the end of its answer', async () => {
    const running = await openProxy();
    const connection = await client(running);
    const { stream } = (
      connection as unknown as { connection: { stream: { pause(): void; resume(): void } } }
    ).connection;
    const answered = connection
      .query("select 'half an answer', repeat('x', 1000) from generate_series(1, 500000)")
      .then(
        () => 'answered',
        () => 'lost',
      );
    stream.pause();
    await until('the server waits for us to read', async () => {
      const rows = await world.postgres.query(
        "select 1 from pg_stat_activity where wait_event = 'ClientWrite' and usename like 'broker%'",
      );
      return rows.length > 0 ? true : undefined;
    });
    kill(victim, running.front);
    stream.resume();
    expect(await answered).toBe('lost');
    await recover(running.front);
    expect(await checkSession(running, ENDS[victim])).toContain('half an answer');
  }, 90_000);

  it('while the session is being sealed', async () => {
    const running = await openProxy();
    const connection = await client(running);
    for (let round = 0; round < 60; round++)
      await connection.query(`select ${round}, '${'long '.repeat(100_000)}' as text`);
    await connection.end();
    const { pid } = running.front;
    if (pid !== undefined) process.kill(pid, 'SIGINT');
    await until('it ended in an orderly way', () =>
      metas().some(({ end }) => end !== undefined) ? true : undefined,
    );
    kill(victim, running.front);
    await recover(running.front);
    expect(await checkSession(running, ['closed'])).toContain('select 59');
  }, 90_000);

  it('while its evidence waits for the store', async () => {
    const running = await openProxy();
    const connection = await client(running);
    await connection.query("select 'kept while offline' as word");
    const away = `${world.store}.away`;
    renameSync(world.store, away);
    writeFileSync(world.store, 'the disk is not mounted');
    try {
      await connection.end();
      if (victim === 'worker') kill(victim, running.front);
      else if (running.front.pid !== undefined) process.kill(running.front.pid, 'SIGINT');
      await until('the bundle waits for upload', async () => {
        const { stdout } = await world.broker(['status', '--json']);
        const { backlog } = JSON.parse(stdout) as { backlog: { objects: number; unsealed: number } };
        return backlog.objects > 0 && readdirSync(spool()).length === 0 ? true : undefined;
      });
      if (victim === 'agent') {
        const { stdout } = await world.broker(['agent', 'status', '--json']);
        process.kill((JSON.parse(stdout) as { pid: number }).pid, 'SIGKILL');
      }
      if (victim === 'front') running.front.kill('SIGKILL');
    } finally {
      rmSync(world.store);
      renameSync(away, world.store);
    }
    await recover(running.front);
    const ends = victim === 'worker' ? ['failed'] : ['closed'];
    expect(await checkSession(running, ends)).toContain('kept while offline');
  }, 120_000);
});
