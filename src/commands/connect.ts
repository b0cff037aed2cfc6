// `broker connect`: the native client of a connection in a recorded terminal. Must never start one outside a session.
import type { CommandDefinition } from './command.ts';

export const connect: CommandDefinition = {
  name: 'connect',
  group: 'sessions',
  summary: 'open a session and run its client in a recorded terminal',
  description: [
    'Starts the native client (psql for PostgreSQL) on a session of its own. Every statement is judged, masked and ' +
      'recorded, and so is what the terminal shows. The session ends with the client.',
    'Arguments after -- go to the client. Its exit code is passed through; 125 means that broker itself failed.',
  ],
  arguments: [
    { name: 'NAME', summary: 'the connection', required: true, completes: 'connection' },
    { name: 'ARGS', summary: "the client's own arguments", required: false, variadic: true },
  ],
  options: [{ flags: '--reason <text>', summary: 'why, for the record' }],
  examples: [
    { command: 'broker connect prod-db', explains: 'psql on prod-db' },
    { command: 'broker connect prod-db -- -c "select 1"', explains: 'one statement, then the end' },
  ],
  run: async (context) => {
    const { clientFolder, openAgent } = await import('../front/compose.ts');
    const { prepareClient } = await import('../front/clients.ts');
    const { runClient } = await import('../front/connect.ts');
    const [connection = '', ...args] = context.args;
    const { reason } = context.options;
    const agent = await openAgent(context);
    return runClient(agent, context, {
      connection,
      client: 'connect',
      ...(typeof reason === 'string' ? { reason } : {}),
      prepare: (session) => prepareClient(session, clientFolder(context), context.environment, args),
    });
  },
};
