// `broker status`: sign-in, sessions and what waits for the store, at a glance.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const status: CommandDefinition = {
  name: 'status',
  group: 'start',
  summary: 'sign-in, sessions and uploads at a glance',
  arguments: [],
  options: [],
  examples: [
    { command: 'broker status', explains: 'who is signed in, what runs, what waits' },
    { command: 'broker status --json', explains: 'for scripts' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { renderStatus } = await import('../front/status.ts');
    const found = await (await openAgent(context)).status();
    context.stdout.write(context.json ? `${JSON.stringify(found)}\n` : renderStatus(found));
    return EXIT.done;
  },
};
