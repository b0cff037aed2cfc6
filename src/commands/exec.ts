// `broker exec`: a program of one's own with a session's endpoint in its environment. The secret is never in its arguments.
import { BrokerError } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const exec: CommandDefinition = {
  name: 'exec',
  group: 'sessions',
  summary: 'run a program with the session in its environment',
  description: [
    'The program gets DATABASE_URL and libpq’s PG* variables, which point at a session of its own on loopback. ' +
      'Signals and the exit code pass through; the session ends with the program.',
  ],
  arguments: [
    { name: 'NAME', summary: 'the connection', required: true, completes: 'connection' },
    { name: 'CMD', summary: 'the program and its arguments', required: true, variadic: true },
  ],
  options: [{ flags: '--reason <text>', summary: 'why, for the record' }],
  examples: [
    { command: 'broker exec prod-db -- ./migrate.sh', explains: 'a script that reads DATABASE_URL' },
    { command: 'broker exec prod-db -- pg_dump --schema-only', explains: 'any libpq program' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { programEnvironment } = await import('../front/clients.ts');
    const { resolveProgram } = await import('../front/program.ts');
    const { runClient } = await import('../front/connect.ts');
    const [connection = '', name = '', ...args] = context.args;
    const file = resolveProgram(name, context.environment['PATH'], context.cwd);
    if (file === undefined) {
      const reason = 'it was not found';
      const hint = `check that ${name} is installed and on PATH`;
      throw new BrokerError('client-failed', { client: name, reason }, { hint });
    }
    const { reason } = context.options;
    const agent = await openAgent(context);
    return runClient(agent, context, {
      connection,
      client: 'exec',
      ...(typeof reason === 'string' ? { reason } : {}),
      prepare: (session) => ({
        file,
        args,
        environment: programEnvironment(session, context.environment),
        clean: () => undefined,
      }),
    });
  },
};
