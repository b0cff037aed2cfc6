// `broker login`: a sign-in whose fresh key the ID token commits to. The key and the tokens stay in the agent.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const login: CommandDefinition = {
  name: 'login',
  group: 'start',
  summary: 'sign in with the identity provider',
  description: [
    'Opens the provider’s page in a browser. With --no-browser the address is printed, and the address the browser ' +
      'ends on may be pasted back. With --device a code is entered on another machine.',
    'With NAME you sign in at the remote MCP server of that connection instead. Its tokens stay in the agent’s keychain.',
  ],
  arguments: [
    {
      name: 'NAME',
      summary: 'a connection with a remote MCP server',
      required: false,
      completes: 'connection',
    },
  ],
  options: [
    { flags: '--no-browser', summary: 'print the address instead of opening it' },
    { flags: '--device', summary: 'sign in on another device with a code' },
    { flags: '--url <address>', summary: 'the remote MCP server, where the connection names none' },
  ],
  examples: [
    { command: 'broker login', explains: 'in the browser' },
    {
      command: 'broker login --no-browser',
      explains: 'over ssh: open the address anywhere, paste the answer',
    },
    {
      command: 'broker login tickets',
      explains: 'at the MCP server that `broker mcp tickets` stands before',
    },
  ],
  run: async (context) => {
    const { browser, device } = context.options;
    if (browser === false && device === true)
      throw new BrokerError('usage', { reason: 'give either --no-browser or --device', command: 'login' });
    const { openAgent } = await import('../front/compose.ts');
    const [name] = context.args;
    if (name !== undefined) {
      if (device === true)
        throw new BrokerError('usage', {
          reason: 'there is no --device for an MCP server',
          command: 'login',
        });
      const { remotePlace, runRemoteLogin } = await import('../front/remote-login.ts');
      const place = await remotePlace(context, name);
      await runRemoteLogin(await openAgent(context), context, place, browser === false ? 'paste' : 'browser');
      return EXIT.done;
    }
    const { runLogin } = await import('../front/login.ts');
    const mode = device === true ? 'device' : browser === false ? 'paste' : 'browser';
    await runLogin(await openAgent(context), context, mode);
    return EXIT.done;
  },
};
