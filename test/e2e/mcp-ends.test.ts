// Every order in which host, broker, server and agent can end: nobody is left running, and what was done is sealed.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';
import { sealedSessions } from './mcp-hosted.ts';

const VILLAIN = new URL('../peers/mcp-villain.mjs', import.meta.url).pathname;
const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

const POLICY = `
@id("people")
permit (principal in Group::"developers", action, resource);
@id("bots")
permit (principal is Bot, action, resource);
`;

vi.setConfig({ testTimeout: 120_000 });

let world: World;
let sessions = 0;

beforeAll(async () => {
  world = await startWorld({ policy: POLICY });
  await world.signIn('alice');
}, 120_000);
afterAll(() => world?.stop());

/** Zombies are over. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Running {
  readonly broker: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly server: number;
  /** Of a server that stays, what it started. */
  readonly grandchild?: number;
  say(line: object): void;
  heard(): string;
}

const CALL = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'lookup', arguments: {} } };
const HELLO = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw-host' } },
};

const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child = 0]) => child);

const isServer = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mcp-villain');
  } catch {
    return false;
  }
};

/** A host, a session with one call in it, and a server that behaves as `mode` says. */
async function begin(mode: string): Promise<Running> {
  const broker = world.spawn(['mcp', 'prod-db', '--', process.execPath, VILLAIN, mode]);
  let heard = '';
  let told = '';
  broker.stdout?.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  broker.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  broker.stdin?.on('error', () => undefined);
  const ended = new Promise<Awaited<Running['ended']>>((resolve) =>
    broker.once('close', (code, signal) => resolve({ code, signal })),
  );
  const say = (line: object): void => void broker.stdin?.write(`${JSON.stringify(line)}\n`);
  say(HELLO);
  say({ jsonrpc: '2.0', method: 'notifications/initialized' });
  say(CALL);
  await until('the call is answered', () => heard.includes('"id":2'));
  sessions += 1;
  const server = childrenOf(broker.pid ?? 0).find(isServer) ?? 0;
  expect(server).toBeGreaterThan(0);
  if (mode === 'stays') await until('it has a child', () => /grandchild \d+/.test(told));
  const grandchild = Number(/grandchild (\d+)/.exec(told)?.[1] ?? 0);
  return { broker, ended, server, say, heard: () => heard, ...(grandchild > 0 ? { grandchild } : {}) };
}

/** Nobody is left, the session is sealed, and everything verifies. */
async function over({ broker, server, grandchild }: Running): Promise<void> {
  for (const pid of [broker.pid, server, grandchild])
    if (pid !== undefined) await until(`process ${pid} is over`, () => !alive(pid));
  expect(await sealedSessions(world, sessions)).toHaveLength(sessions);
}

describe.each(['honest', 'stays'])('with a server that is %s', (mode) => {
  it('the host closes its end', async () => {
    const running = await begin(mode);
    running.broker.stdin?.end();
    expect(await running.ended).toEqual({ code: 0, signal: null });
    await over(running);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('broker is sent %s', async (signal) => {
    const running = await begin(mode);
    running.broker.kill(signal);
    await running.ended;
    await over(running);
  });

  it('broker is killed', async () => {
    const running = await begin(mode);
    running.broker.kill('SIGKILL');
    await running.ended;
    await over(running);
  });

  it('the server is killed: what it was asked is answered, and broker ends as it did', async () => {
    const running = await begin(mode);
    process.kill(running.server, 'SIGKILL');
    expect(await running.ended).toEqual({ code: 137, signal: null });
    await over(running);
  });

  it('the agent is killed: the next call has another session', async () => {
    const running = await begin(mode);
    const { stdout } = await world.broker(['agent', 'status', '--json']);
    const { pid } = JSON.parse(stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await until('the agent is over', () => !alive(pid));
    const deadline = Date.now() + 20_000;
    for (let id = 10; !running.heard().includes('"fine"', running.heard().indexOf('"id":1')); id += 1) {
      if (Date.now() > deadline) break;
      running.say({ ...CALL, id });
      await until('it is answered', () => running.heard().includes(`"id":${id}`));
    }
    running.broker.stdin?.end();
    await running.ended;
    // The one that was lost is sealed by the next agent; whether the call came in another one depends on when it noticed.
    await over(running);
    sessions = (await sealedSessions(world, sessions)).length;
  });
});

describe('a host that is killed', () => {
  it('while nobody reads what it wrote leaves nobody behind', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const broker = spawn(process.execPath, ${JSON.stringify([BROKER, 'mcp', 'prod-db', '--', process.execPath, VILLAIN, 'deaf'])}, { stdio: ['pipe', 'ignore', 'ignore'] });
      console.log(broker.pid);
      const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x', params: { pad: 'x'.repeat(60000) } }) + '\\n';
      let stalled;
      const more = () => {
        while (broker.stdin.write(line));
        clearTimeout(stalled);
        stalled = setTimeout(() => console.log('stalled'), 1000);
        broker.stdin.once('drain', more);
      };
      more();`;
    const host = spawn(process.execPath, ['-e', script], { env: world.environment, cwd: world.home });
    let said = '';
    host.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until('broker is started', () => /^\d+\n/.test(said));
    const broker = Number.parseInt(said, 10);
    await until('the server is started', () => childrenOf(broker).some(isServer));
    const server = childrenOf(broker).find(isServer) ?? 0;
    await until('the pipe is full', () => said.includes('stalled'));
    host.kill('SIGKILL');
    for (const pid of [broker, server]) await until(`process ${pid} is over`, () => !alive(pid));
  });

  it('with a server that talks on leaves nobody behind', async () => {
    const running = await begin('chatty');
    running.broker.stdout?.destroy();
    running.broker.stdin?.destroy();
    await running.ended;
    await over(running);
  });
});

it('everything that was sealed verifies', async () => {
  expect(await world.broker(['verify', '--deep'])).toMatchObject({ code: 0 });
});
