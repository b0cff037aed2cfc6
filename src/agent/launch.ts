// Starts the agent when nobody answers, and replaces one of another version. Must never leave two agents taking sessions.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import { type AgentClient, attach } from './control.ts';
import { agentEnvironment } from './environment.ts';
import { leaseVariables } from './leases.ts';
import { secureFolder, socketFolder, socketPath } from './place.ts';

interface LaunchSettings {
  /** Folder of the control socket and the lock. */
  readonly runtime: string;
  readonly state: string;
  /** Program and first arguments that start broker, e.g. node and its script. */
  readonly program: readonly string[];
  readonly version: string;
  readonly build: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** False: only an agent that already runs will do. */
  readonly start: boolean;
  /** Milliseconds until a start counts as failed; 5000 when absent. */
  readonly patience?: number;
}

const POLL = 10;
const PATIENCE = 5000;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

/** Where a start that failed before its log was open leaves its words. */
function startLog(state: string): string {
  return join(state, 'agent.start.log');
}

interface Spawned {
  failed(): string | undefined;
  /** Another agent held the lock. */
  beaten(): boolean;
}

function spawnAgent(settings: LaunchSettings): Spawned {
  mkdirSync(settings.state, { recursive: true, mode: 0o700 });
  const log = openSync(startLog(settings.state), 'w', 0o600);
  const [command = process.execPath, ...first] = settings.program;
  const before = process.umask(0o077);
  try {
    const child = spawn(command, [...first, 'agent', 'run'], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: agentEnvironment(settings.environment, leaseVariables(join(settings.state, 'leases'))),
    });
    let failure: string | undefined;
    child.once('error', (error) => {
      failure = error.message;
    });
    let beaten = false;
    // Exit 0 means another agent won the race and the next look finds it, or one on its way out still held the lock.
    child.once('exit', (code, signal) => {
      beaten = code === 0;
      if (code !== 0) failure = lastLine(settings.state) || `it ended with ${signal ?? `exit code ${code}`}`;
    });
    child.unref();
    return { failed: () => failure, beaten: () => beaten };
  } finally {
    process.umask(before);
    closeSync(log);
  }
}

function lastLine(state: string): string {
  try {
    const lines = readFileSync(startLog(state), 'utf8').trim().split('\n');
    return (lines.find((line) => line.includes('error:')) ?? lines.at(-1) ?? '').slice(0, 500);
  } catch {
    return '';
  }
}

async function tryAttach(socket: string): Promise<AgentClient | undefined> {
  try {
    return await attach(socket);
  } catch (error) {
    if (
      error instanceof BrokerError &&
      error.code === 'agent-unreachable' &&
      error.details['reason'] === 'it is not running'
    )
      return undefined;
    throw error;
  }
}

function fits(client: AgentClient, settings: LaunchSettings): boolean {
  return client.identity.version === settings.version && client.identity.build === settings.build;
}

/** The agent of this version, started when needed. Throws `agent-unreachable`. */
export async function connectAgent(settings: LaunchSettings): Promise<AgentClient> {
  secureFolder(settings.runtime);
  secureFolder(socketFolder(settings.runtime));
  const socket = socketPath(settings.runtime);
  const found = settings.start ? await awaitEnd(settings, socket) : await tryAttach(socket);
  if (found && (fits(found, settings) || !settings.start)) return found;
  if (!settings.start) throw new BrokerError('agent-unreachable', { reason: 'it is not running' });
  if (found) await found.drain();
  return awaitAgent(settings, socket);
}

/** Who answers, once an agent that is stopping has stopped; one that takes longer says so itself. */
async function awaitEnd(settings: LaunchSettings, socket: string): Promise<AgentClient | undefined> {
  const deadline = settings.clock.now() + (settings.patience ?? PATIENCE);
  for (;;) {
    const client = await tryAttach(socket);
    if (!client?.identity.stopping || settings.signal.aborted || settings.clock.now() > deadline)
      return client;
    await pause(POLL, settings.signal);
  }
}

async function awaitAgent(settings: LaunchSettings, socket: string): Promise<AgentClient> {
  const patience = settings.patience ?? PATIENCE;
  const deadline = settings.clock.now() + patience;
  let child = spawnAgent(settings);
  while (settings.clock.now() < deadline && !settings.signal.aborted) {
    await pause(POLL, settings.signal);
    const client = await tryAttach(socket);
    if (client && fits(client, settings)) return client;
    const failure = child.failed();
    if (failure !== undefined) throw new BrokerError('agent-unreachable', { reason: failure });
    if (!client && child.beaten()) child = spawnAgent(settings);
  }
  if (settings.signal.aborted) throw new BrokerError('interrupted');
  throw new BrokerError('agent-unreachable', { reason: `it was not ready within ${patience / 1000} s` });
}
