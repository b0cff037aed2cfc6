// Tries a connection from configuration to target, step by step. Must never hand out the endpoint it opened on the way.
import { dirname, join } from 'node:path';
import type { Connection } from '../model/connection.ts';
import type { Lease } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import { toBrokerError } from './fault.ts';
import { sessionId } from './id.ts';
import type { Caller, ConnectionTest } from './messages.ts';
import { createSpoolFolder, removeSpoolFolder } from './meta.ts';
import type { Person, SessionPorts, Setting } from './ports.ts';
import { addressOf } from './summary.ts';
import type { Worker } from './workers.ts';

type Step = ConnectionTest['steps'][number];

const PATIENCE = 30_000;

class Probe {
  readonly steps: Step[] = [];
  readonly #ports: SessionPorts;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /** Runs one step and writes down how it went. Rejects with what failed, once it is written down. */
  async step<T>(name: Step['name'], action: () => Promise<T>, detail: (value: T) => string): Promise<T> {
    const started = this.#ports.clock.micros();
    const micros = () => this.#ports.clock.micros() - started;
    try {
      const value = await action();
      this.steps.push({ name, ok: true, detail: detail(value), micros: micros() });
      return value;
    } catch (error) {
      const failure = toBrokerError(error);
      this.steps.push({
        name,
        ok: false,
        detail: failure.message,
        micros: micros(),
        error: failure.toJSON(),
      });
      throw failure;
    }
  }
}

/** The caller's values of the variables a credential source reads. */
export type Ask = (names: readonly string[]) => Promise<Readonly<Record<string, string>>>;

interface Trial {
  readonly id: string;
  readonly connection: Connection;
  readonly setting: Setting;
  readonly person: Person;
  readonly folder: string;
  readonly worker: Worker;
  readonly environment: Ask;
}

async function tryTarget(probe: Probe, ports: SessionPorts, trial: Trial, leases: Lease[]): Promise<void> {
  const { id, connection, setting, person, folder, worker } = trial;
  const admit = async () => {
    worker.send({
      type: 'open',
      order: {
        id,
        connection,
        principal: { kind: 'user', user: person.user },
        policy: setting.policy,
        client: 'test',
        port: 0,
        spool: folder,
        hashKey: await ports.hashKey(setting.config),
        tool: ports.tool,
      },
    });
    return worker.expect('admitted', PATIENCE);
  };
  await probe.step('policy', admit, ({ policies }) => `allowed by ${policies.join(', ')}`);
  const obtain = async () => {
    const variables = await ports.wanted(connection);
    const loan = {
      connection,
      user: person.user,
      session: id,
      signal: AbortSignal.timeout(PATIENCE),
      environment: await trial.environment(variables),
      variables,
    };
    return ports.leases.borrow(loan, ports.obtain);
  };
  const lease = await probe.step(
    'credential',
    obtain,
    ({ credential }) => `${credential.label}, account ${credential.user}`,
  );
  leases.push(lease);
  const reach = () => {
    worker.send({ type: 'credential', credential: lease.credential });
    return worker.expect('listening', PATIENCE);
  };
  await probe.step(
    'target',
    reach,
    ({ serverVersion }) => `${addressOf(connection)}, version ${serverVersion}`,
  );
}

async function configured(ports: SessionPorts, name: string, caller: Caller): Promise<[Setting, Connection]> {
  const setting = await ports.setting(caller);
  const connection = setting.config.connections.get(name);
  if (!connection) throw new BrokerError('connection-unknown', { connection: name });
  return [setting, connection];
}

/** Never throws for what it finds: every step says for itself how it went; steps after a failed one are absent. */
export async function testConnection(
  ports: SessionPorts,
  name: string,
  caller: Caller,
  environment: Ask,
): Promise<ConnectionTest> {
  const probe = new Probe(ports);
  const leases: Lease[] = [];
  let trial: Trial | undefined;
  try {
    const configure = () => configured(ports, name, caller);
    const [setting, connection] = await probe.step(
      'configuration',
      configure,
      ([, { type }]) => `a ${type} connection`,
    );
    const person = await probe.step(
      'sign-in',
      () => ports.person(),
      ({ user }) => user.email ?? user.sub,
    );
    const id = sessionId(ports.clock.now());
    // Not in the spool: nothing of a test is ever sealed.
    const folder = createSpoolFolder(join(dirname(ports.spool), 'probe'), id);
    trial = { id, connection, setting, person, folder, worker: ports.worker(), environment };
    await tryTarget(probe, ports, trial, leases);
  } catch (error) {
    // Written down by the step that failed; anything else is ours to report.
    if (probe.steps.every(({ ok }) => ok)) throw error;
  } finally {
    await trial?.worker.close('the test is over', 5000);
    if (trial) {
      if (!(await ports.leases.giveBack(trial.id, leases[0]))) ports.recover();
      removeSpoolFolder(trial.folder);
    }
    ports.prepareWorker();
  }
  return { connection: name, steps: probe.steps };
}
