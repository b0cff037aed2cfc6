// broker sessions ls: sessions in the store. The work is in evidence/list.ts.
import type { CommandDefinition } from './command.ts';
import { FILTER_OPTIONS } from './evidence-options.ts';

export const sessionsLs: CommandDefinition = {
  name: 'sessions ls',
  group: 'evidence',
  summary: 'list sessions, newest first',
  description: [
    'Lists what the store holds of the last seven days, or of the time given. Nothing is verified here: that is `broker verify`.',
  ],
  arguments: [],
  options: FILTER_OPTIONS,
  examples: [
    { command: 'broker sessions ls', explains: 'the last seven days' },
    {
      command: 'broker sessions ls --since 30d --decision deny',
      explains: 'sessions in which something was refused',
    },
    { command: 'broker sessions ls --connection prod-db --json', explains: 'one JSON object per line' },
  ],
  run: async (context) => (await import('./evidence/list.ts')).run(context),
};
