// `broker agent stop`: ends the agent, with or without its sessions. What was recorded is sealed first.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

/** Milliseconds for the last signatures and uploads. */
const PATIENCE = 15_000;

/** True once nobody answers any more; false when its last uploads take longer than anybody wants to wait. */
async function gone(context: CommandContext): Promise<boolean> {
  const { openAgent } = await import('../front/compose.ts');
  const deadline = context.clock.now() + PATIENCE;
  while (context.clock.now() < deadline && !context.signal.aborted) {
    try {
      const { identity } = await openAgent(context, { start: false });
      // Somebody has started another one already.
      if (!identity.stopping) return true;
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'agent-unreachable') return true;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

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
      const waits = !now && (await agent.sessions()).length > 0;
      await agent.stop({ now });
      if (waits) return done(true, 'the agent stops once its sessions have ended');
      return done(true, (await gone(context)) ? 'the agent has stopped' : 'the agent is stopping');
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'agent-unreachable')
        return done(false, 'the agent does not run');
      throw error;
    }
  },
};
