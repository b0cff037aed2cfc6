// `broker mcp uninstall`: undoes `broker mcp install`.
import { EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { CHOICE, choiceOf, drifted, resultLines } from './mcp-hosts.ts';

async function run(context: CommandContext): Promise<number> {
  const { diffOf } = await import('../front/entries/change.ts');
  const { settle } = await import('../front/entries/carry-out.ts');
  const { planUninstall } = await import('../front/entries/uninstall.ts');
  const { openAgent } = await import('../front/compose.ts');
  const { args, options, stdout, json, home } = context;
  const dry = options['dryRun'] === true;
  const order = {
    ...choiceOf(context),
    servers: args,
    all: options['all'] === true,
    agent: () => openAgent(context),
    drifted: drifted(context),
  };
  const plan = () => planUninstall(context, order);
  const { changes, done } = dry ? await plan() : await settle(context, plan);
  const diffs = dry ? changes.map(diffOf) : [];
  if (json) stdout.write(`${JSON.stringify({ dryRun: dry, results: done, diffs })}\n`);
  else stdout.write(diffs.join('') + resultLines(done, home, dry));
  return EXIT.done;
}

export const mcpUninstall: CommandDefinition = {
  name: 'mcp uninstall',
  group: 'sessions',
  summary: 'give hosts back the servers they had before',
  description: [
    'Undoes `broker mcp install` to the byte where nobody edited the entry since; what others wrote beside it stays. Secrets go ' +
      'back from the keychain into the file. An entry that was edited is asked about, and then keeps the server as it is now.',
  ],
  arguments: [{ name: 'SERVER', summary: 'servers as the hosts name them', required: false, variadic: true }],
  options: [
    ...CHOICE,
    { flags: '--all', summary: 'every server that broker stands before' },
    { flags: '--dry-run', summary: 'show what would change, with secrets masked, and change nothing' },
    { flags: '--yes', summary: 'also entries that somebody edited after broker wrote them' },
  ],
  examples: [
    {
      command: 'broker mcp uninstall postgres',
      explains: 'the server named postgres, in every host that has one',
    },
    { command: 'broker mcp uninstall --all', explains: 'everything' },
  ],
  run,
};
