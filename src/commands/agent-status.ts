// `broker agent status`: whether the agent runs, which version, and what it holds. Never starts one.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const agentStatus: CommandDefinition = {
  name: 'agent status',
  group: 'machine',
  summary: 'say whether the agent runs, without starting it',
  arguments: [],
  options: [],
  examples: [{ command: 'broker agent status --json', explains: 'version, process, memory and log as JSON' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { renderAgent } = await import('../front/status.ts');
    try {
      const agent = await openAgent(context, { start: false });
      const status = await agent.status();
      context.stdout.write(
        context.json ? `${JSON.stringify({ running: true, ...status })}\n` : renderAgent(status),
      );
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === 'agent-unreachable')) throw error;
      context.stdout.write(
        context.json ? '{"running":false}\n' : 'the agent does not run; it starts on demand\n',
      );
    }
    return EXIT.done;
  },
};
