// `broker secrets set`: keeps a password in the keychain. The value comes from a hidden prompt or stdin, never from argv.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const secretsSet: CommandDefinition = {
  name: 'secrets set',
  group: 'machine',
  summary: 'keep a password in the keychain',
  description: [
    'For connections with the keychain credential source. The value is asked for, or read from stdin.',
  ],
  arguments: [{ name: 'NAME', summary: 'what connections call it', required: true }],
  options: [],
  examples: [
    { command: 'broker secrets set prod-db', explains: 'asks without showing what is typed' },
    {
      command: 'pass show prod-db | broker secrets set prod-db',
      explains: 'from a pipe; one trailing line feed is dropped',
    },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { readSecret } = await import('../front/secret.ts');
    const [name = ''] = context.args;
    const value = await readSecret(context, `password for ${name}: `);
    if (value === '')
      throw new BrokerError('usage', { reason: 'the password is empty', command: 'secrets set' });
    await (await openAgent(context)).setSecret(name, value);
    context.stdout.write(`${context.json ? JSON.stringify({ kept: name }) : 'kept'}\n`);
    return EXIT.done;
  },
};
