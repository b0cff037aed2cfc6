// broker policy push: a new version of the team's policy, signed and in the store. The work is in team/push.ts.
import type { CommandDefinition } from './command.ts';

export const policyPush: CommandDefinition = {
  name: 'policy push',
  group: 'policy',
  summary: 'publish the policies for the team',
  description: [
    'Checks the policies, runs their examples, shows what would change, has you sign in again, and puts them into the store as the next version. Everybody whose configuration names you under team_policy.signers is under it at the next statement.',
    'Each version names the one before it. Of two people who publish at once one wins; the other is told, and looks again.',
  ],
  arguments: [
    {
      name: 'FILE',
      summary: 'Cedar files, or folders of them; those of the configuration when left out',
      required: false,
      variadic: true,
      completes: 'file',
    },
  ],
  options: [
    { flags: '--store <url>', summary: 'publish there instead of in the configured store' },
    { flags: '--reason <text>', summary: 'why, for everybody who reads the log' },
    { flags: '--dry-run', summary: 'check and show what would change, and publish nothing' },
    { flags: '--again', summary: 'publish even where nothing changed, after the provider changed its keys' },
    { flags: '--yes', summary: 'do not ask' },
    { flags: '--no-browser', summary: 'print the address instead of opening it' },
    { flags: '--device', summary: 'sign in on another device with a code' },
  ],
  examples: [
    { command: 'broker policy push --dry-run', explains: 'what would change' },
    {
      command: 'broker policy push ./policies --reason "drops need two people"',
      explains: 'publish a folder',
    },
  ],
  run: async (context) => (await import('./team/push.ts')).run(context),
};
