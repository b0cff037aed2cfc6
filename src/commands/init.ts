// broker init: the first configuration and the first policy, both commented, both meant to be read and edited.
import type { CommandDefinition } from './command.ts';

export const init: CommandDefinition = {
  name: 'init',
  group: 'start',
  summary: 'write a commented configuration and a starter policy',
  description: [
    'Asks a few questions on a terminal; without one, or with --no-input, takes the options and leaves the rest as comments to fill in. Never overwrites a file.',
  ],
  arguments: [],
  options: [
    { flags: '--issuer <url>', summary: 'your identity provider' },
    { flags: '--client-id <id>', summary: 'its public client for broker' },
    { flags: '--target-client-id <id>', summary: 'its public client for tokens that databases accept' },
    { flags: '--store <url>', summary: 'file:/folder or s3://bucket/prefix' },
    { flags: '--people <group>', summary: 'group of those who will use broker' },
    { flags: '--approvers <group>', summary: 'group of those who may approve' },
    { flags: '--auditors <group>', summary: 'group of those who may read the evidence' },
  ],
  examples: [
    { command: 'broker init', explains: 'asks what it needs' },
    {
      command: 'broker init --issuer https://login.example.com --store s3://evidence',
      explains: 'without questions, for a script',
    },
  ],
  run: async (context) => {
    const { initialise } = await import('./setup/starter.ts');
    return initialise(context);
  },
};
