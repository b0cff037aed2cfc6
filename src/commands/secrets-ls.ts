// `broker secrets ls`: names of the passwords kept in the keychain. Values cannot be listed.
import { visible } from '../lib/visible.ts';
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const secretsLs: CommandDefinition = {
  name: 'secrets ls',
  group: 'machine',
  summary: 'names of the passwords kept in the keychain',
  arguments: [],
  options: [],
  examples: [{ command: 'broker secrets ls', explains: 'names only' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const names = await (await openAgent(context)).secrets();
    if (context.json) context.stdout.write(`${JSON.stringify(names)}\n`);
    else for (const name of names) context.stdout.write(`${visible(name)}\n`);
    return EXIT.done;
  },
};
