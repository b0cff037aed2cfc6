// broker doctor: what is wrong with this machine, and the command that mends it.
import type { CommandDefinition } from './command.ts';

export const doctor: CommandDefinition = {
  name: 'doctor',
  group: 'machine',
  summary: 'what is wrong here, and what mends it',
  description: [
    'Looks at Node, the terminal, disk, folders, configuration, policy, identity provider, clocks, keychain and agent. Needs no sign-in, starts nothing, and changes no setting; only folders of broker’s own are made, private, where they are missing.',
    'Exits with 0 when there is no problem, else with the exit code of the first one.',
  ],
  arguments: [],
  options: [{ flags: '--store', summary: 'also write and read probe objects in the store' }],
  examples: [
    { command: 'broker doctor', explains: 'a line for each thing looked at' },
    { command: 'broker doctor --store', explains: 'and whether the store can hold evidence safely' },
    { command: 'broker doctor --json', explains: 'what a bug report should contain' },
  ],
  run: async (context) => {
    const { runDoctor } = await import('./doctor/run.ts');
    return runDoctor(context);
  },
};
