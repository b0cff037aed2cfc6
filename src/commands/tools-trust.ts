// `broker tools trust`: a person says that a changed tool is all right. Must never trust what was not named.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const toolsTrust: CommandDefinition = {
  name: 'tools trust',
  group: 'policy',
  summary: 'trust a tool of an MCP server as it is now',
  description: [
    'Look at what changed first: `broker tools ls` names it. The host has to ask for its list of tools again.',
  ],
  arguments: [
    { name: 'SERVER', summary: 'the server, as `broker tools ls` names it', required: true },
    { name: 'TOOL', summary: 'the tool; every changed one when left out', required: false },
  ],
  options: [],
  examples: [{ command: 'broker tools trust 3f2a9c0b71de query', explains: 'one tool of one server' }],
  run: async (context) => {
    const { frontPaths } = await import('../front/compose.ts');
    const { pinFolder, trustPins } = await import('../front/mcp/pins.ts');
    const { visible } = await import('../lib/visible.ts');
    const [server = '', tool] = context.args;
    const trusted = trustPins(pinFolder(frontPaths(context).state), server, tool);
    if (trusted.length === 0) {
      const reason = `${tool === undefined ? 'no tool' : `no tool ${tool}`} of ${server} waits to be trusted`;
      throw new BrokerError(
        'usage',
        { reason, command: 'tools trust' },
        { hint: 'list them with `broker tools ls --changed`' },
      );
    }
    context.stdout.write(
      context.json
        ? `${JSON.stringify({ server, trusted })}\n`
        : trusted.map((name) => `${visible(name)} is trusted\n`).join(''),
    );
    return EXIT.done;
  },
};
