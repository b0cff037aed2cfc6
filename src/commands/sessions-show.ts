// broker sessions show: one session's story. The work is in evidence/show.ts.
import type { CommandDefinition } from './command.ts';

export const sessionsShow: CommandDefinition = {
  name: 'sessions show',
  group: 'evidence',
  summary: 'show what happened in a session',
  description: [
    'Prints the signed summary, then every statement with its decision, the policies that made it, and the answer. Everything shown was masked before it was recorded.',
  ],
  arguments: [{ name: 'SESSION', summary: 'id of the session', required: true, completes: 'session' }],
  options: [],
  examples: [
    { command: 'broker sessions show 01jd2q8c', explains: 'the story of one session' },
    { command: 'broker sessions show 01jd2q8c --json', explains: 'with every event as data' },
  ],
  run: async (context) => (await import('./evidence/show.ts')).run(context),
};
