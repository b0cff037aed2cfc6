// `broker agent logs`: the agent's own log, made safe to print. Reads the file: the agent need not run.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const agentLogs: CommandDefinition = {
  name: 'agent logs',
  group: 'machine',
  summary: "print the agent's log",
  arguments: [],
  options: [{ flags: '-n, --lines <count>', summary: 'only the last lines', default: '50' }],
  examples: [
    { command: 'broker agent logs', explains: 'the last 50 lines' },
    { command: 'broker agent logs -n 500 --json', explains: 'as they are in the file' },
  ],
  run: async (context) => {
    const { frontPaths } = await import('../front/compose.ts');
    const { readLog } = await import('../front/log.ts');
    const count = Math.max(0, Number.parseInt(String(context.options['lines']), 10) || 0);
    context.stdout.write(await readLog(frontPaths(context).log, count, context.json));
    return EXIT.done;
  },
};
