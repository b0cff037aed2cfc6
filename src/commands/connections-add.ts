// broker connections add: writes a new target into broker.yaml, keeping every comment and everything else as it was.
import { readFile, stat } from 'node:fs/promises';
import { paths } from '../config/paths.ts';
import { writeAtomic } from '../lib/atomic-file.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

function usage(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'connections add' });
}

function text(context: CommandContext, option: string): string | undefined {
  const value = context.options[option];
  return typeof value === 'string' ? value : undefined;
}

function list(context: CommandContext, option: string): readonly string[] {
  return (text(context, option) ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function settings(context: CommandContext): Readonly<Record<string, unknown>> {
  const port = text(context, 'port');
  const columns = list(context, 'protect').map((pair) => {
    const [column, type] = pair.split('=');
    if (!column || !type) throw usage(`--protect needs schema.table.column=data-type, not ${pair}`);
    return [column, type] as const;
  });
  return {
    type: 'postgres',
    host: text(context, 'host') ?? '',
    ...(port ? { port: Number(port) } : {}),
    ...(text(context, 'database') ? { database: text(context, 'database') } : {}),
    tls: { mode: text(context, 'tls') ?? 'verify-full' },
    credential: {
      source: text(context, 'credential') ?? 'keychain',
      ...(text(context, 'user') ? { user: text(context, 'user') } : {}),
    },
    ...(list(context, 'label').length > 0 ? { labels: list(context, 'label') } : {}),
    ...(columns.length > 0 ? { columns: Object.fromEntries(columns) } : {}),
  };
}

async function add(context: CommandContext): Promise<number> {
  const { loadConfig } = await import('../config/load.ts');
  const { parseDocument } = await import('yaml');
  const name = context.args[0] ?? '';
  const file = paths(context.home, context.environment).config;
  const before = await readFile(file, 'utf8').catch(() => {
    throw new BrokerError('config-missing');
  });
  if ((await loadConfig(context)).config.connections.has(name))
    throw usage(`there is a connection named ${name} already`);
  const document = parseDocument(before);
  document.setIn(['connections', name], document.createNode(settings(context)));
  const { mode } = await stat(file);
  await writeAtomic(file, document.toString({ lineWidth: 0 }), mode & 0o777);
  try {
    await loadConfig(context);
  } catch (error) {
    await writeAtomic(file, before, mode & 0o777);
    throw error;
  }
  if (context.json) context.stdout.write(`${JSON.stringify({ file, connection: name })}\n`);
  else context.stdout.write(`added ${name} to ${file}; try it with \`broker connections test ${name}\`\n`);
  return EXIT.done;
}

export const connectionsAdd: CommandDefinition = {
  name: 'connections add',
  group: 'sessions',
  summary: 'add a target to broker.yaml, keeping its comments',
  arguments: [{ name: 'NAME', summary: 'how you will call it, e.g. prod-db', required: true }],
  options: [
    { flags: '--host <host>', summary: 'host name, address, or folder of a unix socket' },
    { flags: '--port <port>', summary: 'port of the target' },
    { flags: '--database <name>', summary: 'database' },
    {
      flags: '--tls <mode>',
      summary: "libpq's sslmode",
      default: 'verify-full',
      choices: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
    },
    {
      flags: '--credential <source>',
      summary: 'where the credential comes from',
      default: 'keychain',
      choices: ['env', 'ephemeral-role', 'exec', 'keychain', 'oidc'],
    },
    { flags: '--user <name>', summary: 'account on the target' },
    { flags: '--label <labels>', summary: 'labels, separated by commas, e.g. env:prod' },
    { flags: '--protect <columns>', summary: 'protected columns, e.g. public.customers.card=payment-card,…' },
  ],
  examples: [
    {
      command: 'broker connections add prod-db --host db.example --database app --user app --label env:prod',
      explains: 'a database whose password is in the keychain',
    },
  ],
  run: add,
};
