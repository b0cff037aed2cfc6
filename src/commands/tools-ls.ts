// `broker tools ls`: the tools of MCP servers as they were first seen, and which have changed since.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const toolsLs: CommandDefinition = {
  name: 'tools ls',
  group: 'policy',
  summary: 'tools that MCP servers have told, and which have changed',
  description: [
    'A tool is pinned when `broker mcp` first sees it. One whose definition changes is kept from the host and cannot be ' +
      'called until a person trusts it.',
  ],
  arguments: [],
  options: [{ flags: '--changed', summary: 'only tools that wait to be trusted' }],
  examples: [{ command: 'broker tools ls --changed', explains: 'what a person has to look at' }],
  run: async (context) => {
    const { frontPaths } = await import('../front/compose.ts');
    const { listTools } = await import('../front/mcp/pin-list.ts');
    const { stdout, options, json } = context;
    stdout.write(listTools(frontPaths(context).state, { json, changed: options['changed'] === true }));
    return EXIT.done;
  },
};
