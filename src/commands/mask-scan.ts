// broker mask scan: which columns of a target should be protected.
import type { CommandDefinition } from './command.ts';

export const maskScan: CommandDefinition = {
  name: 'mask scan',
  group: 'policy',
  summary: 'propose which columns of a connection to protect',
  description: [
    'Looks at the names and types of columns and at a sample of their values, and proposes tags with the confidence and the reason for each, as a difference to broker.yaml. Proposals of low confidence are named, but left out of the difference.',
    'The sample is asked for in a session like any other: decided by policy, masked, recorded. No value is printed.',
  ],
  arguments: [{ name: 'NAME', summary: 'the connection', required: true, completes: 'connection' }],
  options: [
    { flags: '--sample <rows>', summary: 'rows looked at in each table', default: '100' },
    { flags: '--write', summary: 'change broker.yaml, keeping its comments' },
  ],
  examples: [
    { command: 'broker mask scan prod-db', explains: 'what it would change' },
    { command: 'broker mask scan prod-db --sample 1000 --write', explains: 'looks longer, and changes it' },
  ],
  run: async (context) => (await import('./masking/scan.ts')).scanConnection(context),
};
