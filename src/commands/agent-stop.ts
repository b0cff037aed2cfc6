// `broker agent stop`: ends the agent, with or without its sessions. What was recorded is sealed first.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const agentStop: CommandDefinition = {
  name: 'agent stop',
  group: 'machine',
  summary: 'stop the agent once its sessions have ended',
  arguments: [],
  options: [{ flags: '--now', summary: 'end its sessions too; they are sealed as interrupted' }],
  examples: [
    { command: 'broker agent stop', explains: 'lets running sessions finish' },
    { command: 'broker agent stop --now', explains: 'ends them' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const done = (stopped: boolean, text: string) => {
      context.stdout.write(`${context.json ? JSON.stringify({ stopped }) : text}\n`);
      return EXIT.done;
    };
    try {
      const agent = await openAgent(context, { start: false });
      const now = context.options['now'] === true;
      await agent.stop({ now });
      return done(true, now ? 'the agent stops' : 'the agent stops once its sessions have ended');
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'agent-unreachable')
        return done(false, 'the agent does not run');
      throw error;
    }
  },
};
