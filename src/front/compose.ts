// Picks what stands behind a front: which agent, which folders, which program starts it. The only file of the front that may read globals.
import { realpathSync } from 'node:fs';
import { type AgentClient, buildOf, connectAgent, secureFolder, versionOf } from '../agent/client.ts';
import { type Paths, paths } from '../config/paths.ts';
import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';

/** The part of a command's context a front needs. */
export interface FrontContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** ink draws nothing where CI is set. Whoever shows a screen has made sure of a terminal with a person at it. Call it before ink is loaded. */
export function drawAnyway(): void {
  for (const name of ['CI', 'CONTINUOUS_INTEGRATION']) delete process.env[name];
}

export function frontPaths(context: FrontContext): Paths {
  return paths(context.home, context.environment);
}

/** The folder for what a client needs on disk, 0700. */
export function clientFolder(context: FrontContext): string {
  const { runtime } = frontPaths(context);
  secureFolder(runtime);
  return runtime;
}

/** What starts broker again: node and our script. */
export function ownProgram(): readonly [string, string] {
  const script = process.argv[1];
  if (script === undefined)
    throw new BrokerError('bug', { reason: 'it is not known how broker was started' });
  return [process.execPath, realpathSync(script)];
}

/** The agent of this version; started when there is none. Throws `agent-unreachable`. */
export function openAgent(context: FrontContext, options: { start?: boolean } = {}): Promise<AgentClient> {
  const { runtime, state } = frontPaths(context);
  return connectAgent({
    runtime,
    state,
    program: ownProgram(),
    version: versionOf(),
    build: buildOf(),
    environment: context.environment,
    clock: context.clock,
    signal: context.signal,
    start: options.start ?? true,
  });
}
