// `broker mcp install`: puts broker before the MCP servers that hosts on this machine start.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { CHOICE, choiceOf, drifted, list, resultLines } from './mcp-hosts.ts';

async function run(context: CommandContext): Promise<number> {
  const { diffOf } = await import('../front/entries/change.ts');
  const { settle } = await import('../front/entries/carry-out.ts');
  const { planInstall } = await import('../front/entries/install.ts');
  const { args, options, stdout, json, home } = context;
  const connection = options['connection'];
  if (typeof connection !== 'string')
    throw new BrokerError('usage', { reason: '--connection is missing', command: 'mcp install' });
  const dry = options['dryRun'] === true;
  const order = {
    ...choiceOf(context),
    servers: args,
    all: options['all'] === true,
    connection,
    others: list(options['with']),
    dry,
    drifted: drifted(context),
  };
  const plan = () => planInstall(context, order);
  const { changes, done } = dry ? await plan() : await settle(context, plan);
  if (json)
    stdout.write(
      `${JSON.stringify({ dryRun: dry, results: done, diffs: dry ? changes.map(diffOf) : [] })}\n`,
    );
  else stdout.write((dry ? changes.map(diffOf).join('') : '') + resultLines(done, home, dry));
  return EXIT.done;
}

export const mcpInstall: CommandDefinition = {
  name: 'mcp install',
  group: 'sessions',
  summary: 'put broker before the MCP servers of your hosts',
  description: [
    'Edits the configuration of MCP hosts in place: `npx server` becomes `broker mcp NAME -- npx server`, a remote address ' +
      'becomes `broker mcp NAME --url ADDRESS`. Comments, order and layout stay, links are followed, and `broker mcp uninstall` ' +
      'undoes it to the byte.',
    'Secrets found in an entry are moved into the keychain and given to the server alone when it starts. An address of a ' +
      'PostgreSQL database is replaced by the connection’s own.',
    'Without SERVER and --all, an entry with broker’s own tools for the connection is added to each --host.',
  ],
  arguments: [{ name: 'SERVER', summary: 'servers as the hosts name them', required: false, variadic: true }],
  options: [
    { flags: '--connection <name>', summary: 'the connection the servers work on', completes: 'connection' },
    { flags: '--with <name...>', summary: 'further connections the servers are told of' },
    ...CHOICE,
    { flags: '--all', summary: 'every server that broker does not stand before yet' },
    { flags: '--dry-run', summary: 'show what would change, with secrets masked, and change nothing' },
    { flags: '--yes', summary: 'also entries that somebody edited after broker wrote them' },
  ],
  examples: [
    {
      command: 'broker mcp install postgres --connection prod-db --dry-run',
      explains: 'shows what would become of the server named postgres, in every host that has one',
    },
    {
      command: 'broker mcp install --all --connection prod-db --host claude-code',
      explains: 'every server of Claude Code',
    },
    {
      command: 'broker mcp install --connection prod-db --host codex',
      explains: 'adds broker’s own tools for prod-db to Codex CLI',
    },
  ],
  run,
};
