// broker completion bash|zsh|fish: the script that teaches a shell our words.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

/** Made by `npm run generate` and shipped. */
const FILES = { bash: 'broker.bash', zsh: '_broker', fish: 'broker.fish' } as const;
type Shell = keyof typeof FILES;

export const completion: CommandDefinition = {
  name: 'completion',
  group: 'machine',
  summary: 'print the completion script of a shell',
  arguments: [{ name: 'SHELL', summary: 'which shell', required: true, choices: Object.keys(FILES) }],
  options: [],
  examples: [
    { command: 'source <(broker completion bash)', explains: 'for this shell only' },
    {
      command: 'broker completion zsh > ~/.zfunc/_broker',
      explains: 'for every zsh whose fpath has ~/.zfunc',
    },
    {
      command: 'broker completion fish > ~/.config/fish/completions/broker.fish',
      explains: 'for every fish from now on',
    },
  ],
  run: async ({ args, stdout }) => {
    const { shippedScript } = await import('./completion-script.ts');
    stdout.write(await shippedScript(FILES[args[0] as Shell]));
    return EXIT.done;
  },
};
