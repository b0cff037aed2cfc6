// `broker agent run`: the agent itself, in the foreground; started by others. The only command that holds keys.
import type { CommandDefinition } from './command.ts';

export const agentRun: CommandDefinition = {
  name: 'agent run',
  group: 'machine',
  summary: 'be the agent, in the foreground',
  hidden: true,
  arguments: [],
  options: [],
  examples: [
    { command: 'broker agent run', explains: 'for a service manager; otherwise it starts on demand' },
  ],
  run: async (context) => {
    const { runAgent } = await import('../agent/compose.ts');
    return runAgent({ home: context.home }, context.signal);
  },
};
