// The agent's life with the real binary: started on demand, once; replaced by another version; idle; killed.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Finished, startWorld, type World } from '../peers/world.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const BROKER = join(ROOT, 'bin', 'broker.js');

async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  seconds = 20,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function run(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], { env: environment, cwd: '/' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.end();
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
}

describe('an agent without a configuration', () => {
  let home: string;
  let environment: Record<string, string>;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'life-'));
    mkdirSync(join(home, 'run'), { mode: 0o700 });
    environment = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
  });
  afterEach(async () => {
    await run(BROKER, ['agent', 'stop', '--now'], environment);
    rmSync(home, { recursive: true, force: true });
  });

  const broker = (...args: string[]) => run(BROKER, args, environment);
  const pidOf = async () =>
    (JSON.parse((await broker('agent', 'status', '--json')).stdout) as { pid?: number }).pid;

  it('is started by the first command that needs it and is not in anybody’s way before', async () => {
    expect((await broker('agent', 'status', '--json')).stdout).toBe('{"running":false}\n');
    expect((await broker('whoami')).code).toBe(4);
    expect(await pidOf()).toBeGreaterThan(0);
  });

  it('leaves nothing that others can read, and a socket that others cannot use', async () => {
    await broker('agent', 'start');
    const run = join(home, 'run', 'broker');
    expect(statSync(run).mode & 0o777).toBe(0o700);
    expect(statSync(join(run, 'agent.sock')).mode & 0o777).toBe(0o600);
    const open: string[] = [];
    const walk = (path: string) => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        const at = join(path, entry.name);
        if ((statSync(at).mode & 0o077) !== 0) open.push(at);
        if (entry.isDirectory()) walk(at);
      }
    };
    walk(join(home, '.local', 'state', 'broker'));
    expect(open).toEqual([]);
  });

  it('is one, however many commands start it at once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => broker('agent', 'start', '--json')));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(new Set(all.map(({ stdout }) => (JSON.parse(stdout) as { pid: number }).pid)).size).toBe(1);
  });

  it('is one, however many are run by hand at once: the others end at once and well', async () => {
    const all = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [BROKER, 'agent', 'run'], { env: environment, stdio: 'ignore' }),
    );
    const ended = (child: ChildProcess) => child.exitCode !== null;
    await until('three have ended', () => (all.filter(ended).length === 3 ? true : undefined));
    expect(all.filter(ended).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(await pidOf()).toBe(all.find((child) => !ended(child))?.pid);
  });

  it('is replaced when it was killed and left its socket behind', async () => {
    await broker('agent', 'start');
    const first = (await pidOf()) ?? 0;
    process.kill(first, 'SIGKILL');
    await until('it is gone', () => (alive(first) ? undefined : true));
    expect(existsSync(join(home, 'run', 'broker', 'agent.sock'))).toBe(true);
    expect((await broker('agent', 'start')).code).toBe(0);
    expect(await pidOf()).not.toBe(first);
  });

  it('is not spoken to when its socket is a link or its folder belongs to others', async () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'run', 'broker'));
    const { code, stderr } = await broker('whoami', '--json');
    expect(code).toBe(7);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'agent-unreachable' } });
    rmSync(join(home, 'run', 'broker'));
  });

  it('works where the path of its socket is too long for the kernel', async () => {
    const long = join(home, 'r'.repeat(120));
    environment = { ...environment, BROKER_RUNTIME_DIR: long };
    expect((await broker('agent', 'start')).code).toBe(0);
    expect(await pidOf()).toBeGreaterThan(0);
  });

  it('says why it could not start', async () => {
    const state = join(home, 'state-is-a-file');
    writeFileSync(state, '');
    environment = { ...environment, BROKER_STATE_DIR: state };
    const { code, stderr } = await broker('whoami', '--json');
    expect(code).not.toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: expect.stringMatching(/^[a-z-]+$/) } });
    delete environment['BROKER_STATE_DIR'];
  });

  it('stops when it is told to, and takes its socket along', async () => {
    await broker('agent', 'start');
    const pid = (await pidOf()) ?? 0;
    expect((await broker('agent', 'stop')).code).toBe(0);
    await until('it is gone', () => (alive(pid) ? undefined : true));
    expect(existsSync(join(home, 'run', 'broker', 'agent.sock'))).toBe(false);
  });

  it('keeps nothing of the environment it happened to be started from', async () => {
    environment = { ...environment, SOME_TOKEN: 'not-for-the-agent', BROKER_KEYCHAIN: 'file' };
    await broker('agent', 'start');
    const { readFileSync } = await import('node:fs');
    const kept = process.platform === 'linux' ? readFileSync(`/proc/${await pidOf()}/environ`, 'latin1') : '';
    expect(kept).not.toContain('not-for-the-agent');
  });
});

describe('an agent with sessions', () => {
  let world: World;
  let other: string;
  beforeAll(async () => {
    world = await startWorld({ settings: 'agent: { idle: 2 }' });
    await world.signIn();
    // The same program in every respect but its digest: what an upgrade looks like from outside.
    other = mkdtempSync(join(tmpdir(), 'build-'));
    for (const name of ['bin', 'dist', 'package.json'])
      cpSync(join(ROOT, name), join(other, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(other, 'node_modules'));
    appendFileSync(join(other, 'dist', 'main.js'), '\n// another build\n');
  }, 120_000);
  afterAll(async () => {
    await world.stop();
    rmSync(other, { recursive: true, force: true });
  }, 60_000);

  const upgraded = (...args: string[]) =>
    run(join(other, 'bin', 'broker.js'), args, { ...world.environment });
  const agentOf = ({ stdout }: Finished) => JSON.parse(stdout) as { pid: number; build: string };

  it('goes on with them while another version takes over, and leaves their sealing to it', async () => {
    const before = agentOf(await world.broker(['agent', 'start', '--json']));
    const front = world.spawn(['proxy', 'prod-db', '--json']);
    let text = '';
    front.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const endpoint = await until('the proxy is open', () =>
      text.includes('\n')
        ? (JSON.parse(text) as {
            session: string;
            port: number;
            user: string;
            database: string;
            secret: string;
          })
        : undefined,
    );
    const after = agentOf(await upgraded('agent', 'start', '--json'));
    expect(after.pid).not.toBe(before.pid);
    expect(after.build).not.toBe(before.build);
    expect(alive(before.pid)).toBe(true);
    const { port, user, database, secret } = endpoint;
    const client = new pg.Client({ host: '127.0.0.1', port, user, database, password: secret });
    await client.connect();
    expect((await client.query('select 42 as answer')).rows).toEqual([{ answer: 42 }]);
    await client.end();
    front.kill('SIGINT');
    await until('the old agent ends with its last session', () => (alive(before.pid) ? undefined : true));
    const sealed = await until('the new agent has sealed it', async () => {
      const { stdout } = await upgraded('sessions', 'show', endpoint.session, '--json');
      return stdout.includes('closed') ? stdout : undefined;
    });
    expect(sealed).toContain(endpoint.session);
    const verified = await upgraded('verify', '--since', '1d');
    expect(verified.stderr).toBe('');
    expect(verified.code).toBe(0);
  }, 60_000);

  it('stops when it is idle, and not before', async () => {
    const { pid } = agentOf(await world.broker(['agent', 'start', '--json']));
    const busy = world.broker(['exec', 'prod-db', '--', 'sleep', '4']);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(alive(pid)).toBe(true);
    expect((await busy).code).toBe(0);
    await until('it is gone', () => (alive(pid) ? undefined : true), 15);
  }, 60_000);

  it('ends a client whose agent was killed, and says why', async () => {
    const { pid } = agentOf(await world.broker(['agent', 'start', '--json']));
    const running = world.broker(['exec', 'prod-db', '--json', '--', 'sleep', '60']);
    await until('the session is open', async () => {
      const { stdout } = await world.broker(['status', '--json']);
      return (JSON.parse(stdout) as { sessions: { state: string }[] }).sessions.some(
        ({ state }) => state === 'open',
      )
        ? true
        : undefined;
    });
    process.kill(pid, 'SIGKILL');
    const { code, stderr } = await running;
    expect(code).toBe(125);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'agent-lost' } });
  }, 60_000);
});
