// broker completion bash|zsh|fish: the script that teaches a shell our words.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const completion: CommandDefinition = {
  name: 'completion',
  group: 'machine',
  summary: 'print the completion script of a shell',
  arguments: [{ name: 'SHELL', summary: 'which shell', required: true, choices: SHELLS }],
  options: [],
  examples: [
    { command: 'source <(broker completion bash)', explains: 'for this shell only' },
    { command: 'broker completion zsh > "${fpath[1]}/_broker"', explains: 'for every zsh from now on' },
    {
      command: 'broker completion fish > ~/.config/fish/completions/broker.fish',
      explains: 'for every fish from now on',
    },
  ],
  run: async ({ args, stdout }) => {
    const { COMMANDS } = await import('./index.ts');
    const { completionScript } = await import('./render/shells.ts');
    stdout.write(completionScript(args[0] as Shell, COMMANDS));
    return EXIT.done;
  },
};
