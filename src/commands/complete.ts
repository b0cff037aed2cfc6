// broker complete connections|sessions: names for the shell, one a line. Never fails and never asks: a shell is waiting.
import { EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

async function names(context: CommandContext): Promise<readonly string[]> {
  if (context.args[0] === 'connections') {
    const { loadConfig } = await import('../config/load.ts');
    return [...(await loadConfig(context)).config.connections.keys()];
  }
  const { openAgent } = await import('../front/compose.ts');
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
      summary: 'connections or sessions',
      required: true,
      choices: ['connections', 'sessions'],
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
