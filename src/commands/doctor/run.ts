// Runs every check of `broker doctor`, at once and each for itself: one that fails never hides another.
import type { Config } from '../../model/config.ts';
import { EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { type Finding, failed, render, skipped } from './finding.ts';
import { clients, disk, folders, node, terminal } from './machine.ts';
import { agent, configuration, keychain, limits, policy, provider, type Settled, store } from './services.ts';

type Check = (context: CommandContext) => Promise<readonly Finding[]>;
type ConfiguredCheck = (config: Config, context: CommandContext) => Promise<readonly Finding[]>;

const MACHINE: Readonly<Record<string, Check>> = { node, terminal, psql: clients, disk, folders };
const SERVICES: Readonly<Record<string, ConfiguredCheck>> = { policy, provider, store };

function guarded(check: string, run: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  return run().catch((error: unknown) => [failed(check, error)]);
}

async function settle(context: CommandContext): Promise<Settled> {
  try {
    return await configuration(context);
  } catch (error) {
    return { config: undefined, findings: [failed('configuration', error)] };
  }
}

/** The agent knows its keychain; only when none runs is it opened here. */
async function agentAndKeychain(
  config: Config | undefined,
  context: CommandContext,
): Promise<readonly Finding[]> {
  const found = await guarded('agent', () => agent(context));
  if (!config || found.some(({ check }) => check === 'keychain')) return found;
  return [...found, ...(await guarded('keychain', () => keychain(config, context)))];
}

async function examine(context: CommandContext): Promise<readonly Finding[]> {
  // First: to look at the keychain and the agent makes their folders.
  const machine = await Promise.all(
    Object.entries(MACHINE).map(([name, check]) => guarded(name, () => check(context))),
  );
  const { config, findings } = await settle(context);
  const services = Object.entries(SERVICES).map(([name, check]) =>
    config
      ? guarded(name, () => check(config, context))
      : Promise.resolve([skipped(name, 'needs the configuration')]),
  );
  const rest = await Promise.all([...services, agentAndKeychain(config, context)]);
  return [...machine.flat(), ...findings, ...rest.flat(), ...limits()];
}

/** Exit code of the first problem, 0 when there is none. */
export async function runDoctor(context: CommandContext): Promise<number> {
  // A provider or a store that does not answer takes its time.
  const waits = context.fancy && context.stderr.isTTY === true;
  if (waits) context.stderr.write('looking …');
  const findings = await examine(context).finally(() => waits && context.stderr.write('\r\u001b[K'));
  if (context.json) for (const finding of findings) context.stdout.write(`${JSON.stringify(finding)}\n`);
  else context.stdout.write(render(findings, context.fancy));
  return findings.find(({ level }) => level === 'problem')?.exit ?? EXIT.done;
}
