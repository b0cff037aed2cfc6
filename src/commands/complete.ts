// broker complete connections|sessions|requests: names for the shell, one a line. Never fails and never asks: a shell is waiting.
import { EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

/** Milliseconds a shell waits for a store that is slow. */
const PATIENCE = 2000;

async function names(context: CommandContext): Promise<readonly string[]> {
  if (context.args[0] === 'connections') {
    const { loadConfig } = await import('../config/load.ts');
    return [...(await loadConfig(context)).config.connections.keys()];
  }
  const { openAgent } = await import('../front/compose.ts');
  if (context.args[0] === 'requests') {
    const { listApprovals } = await import('../front/approvals.ts');
    const hurried = { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE)]) };
    return (await listApprovals(await openAgent(hurried), hurried, {})).map(({ id }) => id);
  }
  const { sessions } = await (await openAgent(context)).status();
  return sessions.map(({ id }) => id);
}

export const complete: CommandDefinition = {
  name: 'complete',
  group: 'machine',
  summary: 'names for the shell to complete',
  hidden: true,
  arguments: [
    {
      name: 'WHAT',
      summary: 'connections, sessions or requests',
      required: true,
      choices: ['connections', 'sessions', 'requests'],
    },
  ],
  options: [],
  examples: [],
  run: async (context) => {
    const found = await names(context).catch(() => []);
    for (const name of found) context.stdout.write(`${name}\n`);
    return EXIT.done;
  },
};
