// `broker mcp ls`: the MCP servers of every host on this machine, and which of them broker stands before.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';
import { CHOICE, choiceOf } from './mcp-hosts.ts';

export const mcpLs: CommandDefinition = {
  name: 'mcp ls',
  group: 'sessions',
  summary: 'list the MCP servers of your hosts, and which broker stands before',
  description: [
    'States: wrapped; not wrapped; drifted, when somebody edited what broker wrote; broken, when it could not be started as it ' +
      'stands there. TOOLS counts the tools that are pinned: see `broker tools ls`.',
  ],
  arguments: [],
  options: CHOICE,
  examples: [{ command: 'broker mcp ls', explains: 'all hosts that have a configuration here' }],
  run: async (context) => {
    const { listServers, serverTable } = await import('../front/entries/listing.ts');
    const rows = await listServers(context, choiceOf(context));
    const { stdout, json, home } = context;
    if (json) stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    else if (rows.length > 0) stdout.write(serverTable(rows, home, stdout.columns));
    return EXIT.done;
  },
};
