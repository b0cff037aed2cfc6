// `broker query`: the built-in client, through the same proxy as every other. Its output is safe on any terminal.
import { BrokerError } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const query: CommandDefinition = {
  name: 'query',
  group: 'sessions',
  summary: 'run statements and print what they return',
  description: [
    'Runs one or several statements in a session of their own. Without SQL they are read from standard input. ' +
      'A refusal ends with exit code 3.',
  ],
  arguments: [
    { name: 'NAME', summary: 'the connection', required: true, completes: 'connection' },
    { name: 'SQL', summary: 'the statements; standard input otherwise', required: false },
  ],
  options: [
    { flags: '--csv', summary: 'rows as CSV with a header' },
    { flags: '--reason <text>', summary: 'why, for the record' },
  ],
  examples: [
    { command: 'broker query prod-db "select * from orders limit 5"', explains: 'a table' },
    { command: 'broker query prod-db --csv "table orders" > orders.csv', explains: 'rows as they arrive' },
    { command: 'broker query prod-db < report.sql --json', explains: 'statements from a file' },
  ],
  run: async (context) => {
    const { json, options, args } = context;
    if (json && options['csv'] === true)
      throw new BrokerError('usage', { reason: 'give either --json or --csv', command: 'query' });
    const { openAgent } = await import('../front/compose.ts');
    const { readText, runQuery } = await import('../front/query.ts');
    const [connection = '', given] = args;
    const text = given ?? (await readText(context.stdin));
    if (text.trim() === '')
      throw new BrokerError('usage', { reason: 'there is no SQL to run', command: 'query' });
    const agent = await openAgent(context);
    const format = json ? 'json' : options['csv'] === true ? 'csv' : 'table';
    const { reason } = options;
    return runQuery(agent, context, {
      connection,
      text,
      format,
      ...(typeof reason === 'string' ? { reason } : {}),
    });
  },
};
