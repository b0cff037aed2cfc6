// `broker sessions tail`: a running session's events as they are recorded, masked as they are.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const sessionsTail: CommandDefinition = {
  name: 'sessions tail',
  group: 'evidence',
  summary: 'follow a running session',
  arguments: [
    { name: 'SESSION', summary: 'its id, or the start of it', required: true, completes: 'session' },
  ],
  options: [],
  examples: [
    { command: 'broker sessions tail 1jbx2k', explains: 'statements and answers as they happen' },
    { command: 'broker sessions tail 1jbx2k --json', explains: 'one event per line' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { tailSession } = await import('../front/tail.ts');
    const [session = ''] = context.args;
    await tailSession(await openAgent(context), context, session);
    return context.signal.aborted ? EXIT.interrupted : EXIT.done;
  },
};
