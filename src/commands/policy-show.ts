// broker policy show: the policy in force, or a published version. The work is in team/show.ts.
import type { CommandDefinition } from './command.ts';

export const policyShow: CommandDefinition = {
  name: 'policy show',
  group: 'policy',
  summary: 'show the policies in force',
  description: [
    'Prints what sessions that are opened here are decided by: local files, or the published version and what local files forbid beside it.',
  ],
  arguments: [],
  options: [
    { flags: '--published', summary: 'only what is published, as it stands in the store now' },
    { flags: '--version <number>', summary: 'this published version' },
  ],
  examples: [
    { command: 'broker policy show', explains: 'what decides here' },
    { command: 'broker policy show --version 3', explains: 'what was published as version 3' },
  ],
  run: async (context) => (await import('./team/show.ts')).run(context),
};
