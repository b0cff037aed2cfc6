// `broker status`: sign-in, sessions and what waits for the store, at a glance, or as a screen that stays.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

/** Milliseconds between two looks of `--watch`. */
const INTERVAL = 1_000;

export const status: CommandDefinition = {
  name: 'status',
  group: 'start',
  summary: 'sign-in, sessions and uploads at a glance',
  arguments: [],
  options: [{ flags: '-w, --watch', summary: 'keep the screen up to date until q' }],
  examples: [
    { command: 'broker status', explains: 'who is signed in, what runs, what waits' },
    { command: 'broker status --watch', explains: 'the same, live' },
    { command: 'broker status --json', explains: 'for scripts' },
  ],
  run: async (context) => {
    const { drawAnyway, openAgent } = await import('../front/compose.ts');
    const agent = await openAgent(context);
    if (context.options['watch'] === true) {
      if (!context.fancy || !context.mayAsk) throw new BrokerError('terminal-missing');
      drawAnyway();
      const { showStatusBoard } = await import('../screens/status-board.tsx');
      await showStatusBoard({ load: () => agent.status(), interval: INTERVAL, signal: context.signal });
      return EXIT.done;
    }
    const { renderStatus } = await import('../front/status.ts');
    const found = await agent.status();
    context.stdout.write(context.json ? `${JSON.stringify(found)}\n` : renderStatus(found));
    return EXIT.done;
  },
};
