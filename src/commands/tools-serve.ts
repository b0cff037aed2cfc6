// `broker tools serve`: broker's own tools as an MCP server on stdio. Started by `broker mcp`, which stands in front of it.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const toolsServe: CommandDefinition = {
  name: 'tools serve',
  group: 'policy',
  summary: 'serve the tools of `broker mcp NAME`',
  hidden: true,
  arguments: [],
  options: [],
  examples: [],
  run: async (context) => {
    if (!context.environment['PGPASSWORD'])
      throw new BrokerError('usage', { reason: 'this is started by `broker mcp NAME`', command: 'mcp' });
    const { versionOf } = await import('../agent/client.ts');
    const { openDatabase } = await import('../front/mcp/tool-database.ts');
    const { serveTools } = await import('../front/mcp/tool-server.ts');
    const gone = new Promise<void>((resolve) => {
      context.stdin.once('end', () => resolve());
      context.stdin.once('close', () => resolve());
      context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await serveTools(openDatabase(context.environment), versionOf(), gone);
    return EXIT.done;
  },
};
