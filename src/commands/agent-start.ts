// `broker agent start`: starts the agent ahead of the first command that needs it.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const agentStart: CommandDefinition = {
  name: 'agent start',
  group: 'machine',
  summary: 'start the agent now instead of on demand',
  arguments: [],
  options: [],
  examples: [{ command: 'broker agent start', explains: 'returns once it answers' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { identity } = await openAgent(context);
    const { version, build, pid } = identity;
    const text = context.json
      ? JSON.stringify(identity)
      : `agent ${version} (${build}) runs as process ${pid}`;
    context.stdout.write(`${text}\n`);
    return EXIT.done;
  },
};
