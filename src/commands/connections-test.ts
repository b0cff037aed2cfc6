// `broker connections test`: tries a connection step by step, from its configuration to its target.
import type { CommandDefinition } from './command.ts';

export const connectionsTest: CommandDefinition = {
  name: 'connections test',
  group: 'sessions',
  summary: 'try a connection step by step',
  arguments: [{ name: 'NAME', summary: 'the connection', required: true, completes: 'connection' }],
  options: [],
  examples: [
    { command: 'broker connections test prod-db', explains: 'policy, credential and target, with times' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { runTest } = await import('../front/test.ts');
    const [connection = ''] = context.args;
    return runTest(await openAgent(context), context, connection);
  },
};
