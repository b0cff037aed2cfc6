// `broker proxy`: only the loopback endpoint, for clients with a window of their own. Must never outlive Ctrl-C.
import type { CommandDefinition } from './command.ts';

export const proxy: CommandDefinition = {
  name: 'proxy',
  group: 'sessions',
  summary: 'open a session and print how to connect to it',
  description: [
    'Keeps a session open on loopback until Ctrl-C, for graphical clients and drivers. What is printed holds the ' +
      "session's secret, which dies with the session.",
  ],
  arguments: [{ name: 'NAME', summary: 'the connection', required: true, completes: 'connection' }],
  options: [
    { flags: '--port <number>', summary: 'listen on this loopback port; the system picks one otherwise' },
    { flags: '--reason <text>', summary: 'why, for the record' },
  ],
  examples: [
    { command: 'broker proxy prod-db', explains: 'prints a URI, a psql line and a JDBC URL' },
    { command: 'broker proxy prod-db --json', explains: 'one JSON object, then waits' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { runProxy } = await import('../front/proxy.ts');
    return runProxy(await openAgent(context), context);
  },
};
