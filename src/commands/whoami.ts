// `broker whoami`: the person every session and signature is bound to.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const whoami: CommandDefinition = {
  name: 'whoami',
  group: 'start',
  summary: 'who is signed in',
  arguments: [],
  options: [],
  examples: [{ command: 'broker whoami --json', explains: 'issuer, subject, groups, key and expiry' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { renderPerson } = await import('../front/status.ts');
    const state = await (await openAgent(context)).whoami();
    if (state.state === 'signed-out') throw new BrokerError('not-signed-in');
    if (state.state === 'expired') throw new BrokerError('sign-in-expired', { at: state.expires });
    context.stdout.write(context.json ? `${JSON.stringify(state)}\n` : renderPerson(state));
    return EXIT.done;
  },
};
