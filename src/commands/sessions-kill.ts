// `broker sessions kill`: ends a running session at once; it is sealed as killed.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const sessionsKill: CommandDefinition = {
  name: 'sessions kill',
  group: 'evidence',
  summary: 'end a running session',
  arguments: [
    { name: 'SESSION', summary: 'its id, or the start of it', required: true, completes: 'session' },
  ],
  options: [{ flags: '--reason <text>', summary: 'why, for the record and for its user' }],
  examples: [
    { command: 'broker sessions kill 1jbx2k --reason "wrong database"', explains: 'its client ends too' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const [session = ''] = context.args;
    const { reason } = context.options;
    await (await openAgent(context)).kill(
      session,
      typeof reason === 'string' ? reason : 'killed by its owner',
    );
    context.stdout.write(`${context.json ? JSON.stringify({ killed: session }) : 'killed'}\n`);
    return EXIT.done;
  },
};
