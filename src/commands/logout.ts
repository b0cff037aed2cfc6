// `broker logout`: ends sessions, seals the ledger, forgets key and tokens.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const logout: CommandDefinition = {
  name: 'logout',
  group: 'start',
  summary: 'end your sessions and forget the sign-in',
  arguments: [],
  options: [],
  examples: [{ command: 'broker logout', explains: 'sessions are sealed first' }],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { was } = await (await openAgent(context)).logout();
    const text = was.state === 'signed-out' ? 'nobody was signed in' : 'signed out';
    context.stdout.write(`${context.json ? JSON.stringify({ was: was.state }) : text}\n`);
    return EXIT.done;
  },
};
