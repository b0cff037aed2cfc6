// broker policy log: published versions. The work is in team/log.ts.
import type { CommandDefinition } from './command.ts';

export const policyLog: CommandDefinition = {
  name: 'policy log',
  group: 'policy',
  summary: 'list the published versions',
  description: [
    'The newest first, the one in force with a star, each with its signer and reason. What stands in the store and does not count is named, with the check that it fails.',
  ],
  arguments: [],
  options: [],
  examples: [
    { command: 'broker policy log', explains: 'who published what, when and why' },
    { command: 'broker policy log --json', explains: 'one version per line' },
  ],
  run: async (context) => (await import('./team/log.ts')).run(context),
};
