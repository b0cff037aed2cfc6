// `broker run`: an AI agent with brokered connections. It acts as a bot, with a bot's rights, on behalf of whoever is signed in.
import { basename } from 'node:path';
import { BrokerError } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

/** `/usr/bin/Claude.exe` → `claude`: what `bots` in the configuration and policies call it. */
function botName(program: string): string {
  const name = basename(program)
    .toLowerCase()
    .replace(/\.(exe|cmd|js|mjs|py)$/, '')
    .replace(/[^a-z0-9_.-]/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return name.slice(0, 63) || 'bot';
}

export const run: CommandDefinition = {
  name: 'run',
  group: 'sessions',
  summary: 'run an AI agent with brokered connections',
  description: [
    'The program acts as a bot: it may do what policy lets its bot do, and never more than you. It gets DATABASE_URL ' +
      'and PG* for the first connection and NAME_URL for each; every statement is judged, masked and recorded.',
    'Calls of its language model pass a loopback door (ANTHROPIC_BASE_URL, OPENAI_BASE_URL) with their own ' +
      'authorization and are not changed. Which model was asked, which answered and which tools it wanted to use ' +
      'is recorded; the texts only where recording.prompts says so.',
  ],
  arguments: [{ name: 'CMD', summary: 'the program and its arguments', required: true, variadic: true }],
  options: [
    {
      flags: '--with <name...>',
      summary: 'a connection it may use; may be given again',
      completes: 'connection',
    },
    { flags: '--as <bot>', summary: 'name of the bot; that of the program when left out' },
    { flags: '--no-models', summary: 'leave calls of language models alone' },
    { flags: '--reason <text>', summary: 'why, for the record' },
  ],
  examples: [
    { command: 'broker run --with prod-db -- claude', explains: 'its SQL is judged as claude@prod-db' },
    {
      command: 'broker run --with prod-db --with stage-db --as report-bot -- ./report.py',
      explains: 'two databases, in PROD_DB_URL and STAGE_DB_URL',
    },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { resolveProgram } = await import('../front/program.ts');
    const { runBot } = await import('../front/run-bot.ts');
    const [name = '', ...args] = context.args;
    const { with: wanted, as, models, reason } = context.options;
    const connections = [...new Set((Array.isArray(wanted) ? wanted : []).map(String))];
    if (connections.length === 0)
      throw new BrokerError('usage', { reason: 'give a connection with --with', command: 'run' });
    const file = resolveProgram(name, context.environment['PATH'], context.cwd);
    if (file === undefined) {
      const hint = `check that ${name} is installed and on PATH`;
      throw new BrokerError('client-failed', { client: name, reason: 'it was not found' }, { hint });
    }
    return runBot(await openAgent(context), context, {
      connections,
      bot: { name: typeof as === 'string' ? as : botName(name), client: basename(file) },
      models: models !== false,
      ...(typeof reason === 'string' ? { reason } : {}),
      file,
      args,
    });
  },
};
