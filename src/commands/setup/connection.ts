// Adds a target to broker.yaml, keeping every comment and everything else as it was. Must never leave a file that does not load.
import { readFile, stat } from 'node:fs/promises';
import { isMap, parse, parseDocument } from 'yaml';
import { paths } from '../../config/paths.ts';
import { writeAtomic } from '../../lib/atomic-file.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { loadChecked } from './shelves.ts';

type Settings = Readonly<Record<string, unknown>>;

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

/** `admin.user=postgres grant=[app]` as the settings they make; values are YAML. */
function credentialOf(context: CommandContext): Settings {
  const credential: Record<string, unknown> = { source: text(context, 'credential') ?? 'keychain' };
  const user = text(context, 'user');
  if (user) credential['user'] = user;
  const pairs = context.options['set'];
  for (const pair of Array.isArray(pairs) ? (pairs as readonly string[]) : []) {
    const [, path = '', value = ''] = /^([a-z][a-z_.]*)=(.+)$/s.exec(pair) ?? [];
    if (!path) throw usage(`--set needs setting=value, not ${pair}`);
    const keys = path.split('.');
    const last = keys.pop() ?? path;
    let at = credential;
    for (const key of keys) {
      if (typeof at[key] !== 'object' || at[key] === null) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    at[last] = parse(value);
  }
  return credential;
}

function settings(context: CommandContext, credential: Settings): Settings {
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
    credential,
    ...(list(context, 'label').length > 0 ? { labels: list(context, 'label') } : {}),
    ...(columns.length > 0 ? { columns: Object.fromEntries(columns) } : {}),
  };
}

/** Throws `usage`, `config-missing`, `config-invalid`; then the file is as it was. */
export async function addConnection(context: CommandContext): Promise<number> {
  const name = context.args[0] ?? '';
  const file = paths(context.home, context.environment).config;
  const before = await readFile(file, 'utf8').catch(() => {
    throw new BrokerError('config-missing');
  });
  if ((await loadChecked(context)).config.connections.has(name))
    throw usage(`there is a connection named ${name} already`);
  const document = parseDocument(before);
  const connections = document.get('connections');
  // `connections: {}` would keep everything added to it on its one line.
  if (isMap(connections) && connections.items.length === 0) connections.flow = false;
  document.setIn(['connections', name], document.createNode(settings(context, credentialOf(context))));
  const { mode } = await stat(file);
  await writeAtomic(file, document.toString({ lineWidth: 0 }), mode & 0o777);
  try {
    await loadChecked(context);
  } catch (error) {
    await writeAtomic(file, before, mode & 0o777);
    throw error;
  }
  if (context.json) context.stdout.write(`${JSON.stringify({ file, connection: name })}\n`);
  else context.stdout.write(`added ${name} to ${file}; try it with \`broker connections test ${name}\`\n`);
  return EXIT.done;
}
