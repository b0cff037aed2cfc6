// `broker logout`: ends sessions, seals the ledger, forgets key and tokens.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const logout: CommandDefinition = {
  name: 'logout',
  group: 'start',
  summary: 'end your sessions and forget the sign-in',
  description: [
    'Sessions are ended and sealed first. With NAME only the sign-in at the remote MCP server of that connection is forgotten, ' +
      'and its authorization server is told.',
  ],
  arguments: [
    {
      name: 'NAME',
      summary: 'a connection with a remote MCP server',
      required: false,
      completes: 'connection',
    },
  ],
  options: [{ flags: '--url <address>', summary: 'the remote MCP server, where the connection names none' }],
  examples: [
    { command: 'broker logout', explains: 'sessions are sealed first' },
    { command: 'broker logout tickets', explains: 'only at the MCP server of this connection' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const [name] = context.args;
    if (name !== undefined) {
      const { remotePlace } = await import('../front/remote-login.ts');
      const place = await remotePlace(context, name);
      const done = await (await openAgent(context)).remoteLogout(place);
      const said = done.was ? 'signed out' : 'nobody was signed in';
      context.stdout.write(`${context.json ? JSON.stringify(done) : said}\n`);
      return EXIT.done;
    }
    const { was } = await (await openAgent(context)).logout();
    const text = was.state === 'signed-out' ? 'nobody was signed in' : 'signed out';
    context.stdout.write(`${context.json ? JSON.stringify({ was: was.state }) : text}\n`);
    return EXIT.done;
  },
};
