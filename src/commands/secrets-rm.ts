// `broker secrets rm`: forgets a password kept in the keychain.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const secretsRm: CommandDefinition = {
  name: 'secrets rm',
  group: 'machine',
  summary: 'forget a password kept in the keychain',
  arguments: [{ name: 'NAME', summary: 'what connections call it', required: true }],
  options: [],
  examples: [{ command: 'broker secrets rm prod-db', explains: 'gone from the keychain' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const [name = ''] = context.args;
    const deleted = await (await openAgent(context)).deleteSecret(name);
    if (!deleted) {
      const hint = 'list them with `broker secrets ls`';
      throw new BrokerError(
        'usage',
        { reason: `there is no secret named ${name}`, command: 'secrets rm' },
        { hint },
      );
    }
    context.stdout.write(`${context.json ? JSON.stringify({ forgotten: name }) : 'forgotten'}\n`);
    return EXIT.done;
  },
};
