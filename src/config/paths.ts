// Where things live on this machine: XDG folders, or what BROKER_… variables say instead. Pure.
import { join } from 'node:path';
import { BrokerError } from '../model/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Paths {
  /** The user's configuration file. */
  readonly config: string;
  /** The machine's configuration file. */
  readonly system: string;
  /** Everything kept between runs; 0700. */
  readonly state: string;
  /** Control socket and password files; 0700, gone after a reboot where the platform does that. */
  readonly runtime: string;
  readonly spool: string;
  readonly outbox: string;
  readonly log: string;
}

/** Relative XDG values are ignored, as the XDG Base Directory specification demands. */
function folder(value: string | undefined, otherwise: string): string {
  return value?.startsWith('/') ? value : otherwise;
}

/** Ours are not ignored: whoever sets one would go on to use, or write, other files than they named. */
function chosen(environment: Environment, variable: string, otherwise: string): string {
  const value = environment[variable];
  if (!value) return otherwise;
  if (value.startsWith('/')) return value;
  const reason = `${variable} must be a whole path, not ${value}`;
  throw new BrokerError('usage', { reason, command: '' }, { hint: `start it with /: ${variable}="$PWD/…"` });
}

/** Throws `usage` for a BROKER_… variable that is a relative path. */
export function paths(home: string, environment: Environment): Paths {
  const configHome = folder(environment['XDG_CONFIG_HOME'], join(home, '.config'));
  const stateHome = folder(environment['XDG_STATE_HOME'], join(home, '.local', 'state'));
  const state = chosen(environment, 'BROKER_STATE_DIR', join(stateHome, 'broker'));
  const xdgRuntime = folder(environment['XDG_RUNTIME_DIR'], '');
  const runtime = chosen(
    environment,
    'BROKER_RUNTIME_DIR',
    xdgRuntime ? join(xdgRuntime, 'broker') : join(state, 'run'),
  );
  return {
    config: chosen(environment, 'BROKER_CONFIG', join(configHome, 'broker', 'broker.yaml')),
    system: '/etc/broker/broker.yaml',
    state,
    runtime,
    spool: join(state, 'spool'),
    outbox: join(state, 'outbox'),
    log: join(state, 'agent.log'),
  };
}
