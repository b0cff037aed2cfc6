// Adds a target to broker.yaml, keeping every comment and everything else as it was. Must never leave a file that does not load.
import { readFile, stat } from 'node:fs/promises';
import { isMap, isNode, isScalar, parse, parseDocument, stringify } from 'yaml';
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
  const credential: Record<string, unknown> = {
    source: text(context, 'credential') ?? (text(context, 'url') === undefined ? 'keychain' : 'oauth'),
  };
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
  const labels = list(context, 'label').length > 0 ? { labels: list(context, 'label') } : {};
  const protect = columns.length > 0 ? { columns: Object.fromEntries(columns) } : {};
  const url = text(context, 'url');
  if (url !== undefined) return { type: 'mcp', url, credential, ...labels, ...protect };
  return {
    type: 'postgres',
    host: text(context, 'host') ?? '',
    ...(port ? { port: Number(port) } : {}),
    ...(text(context, 'database') ? { database: text(context, 'database') } : {}),
    tls: { mode: text(context, 'tls') ?? 'verify-full' },
    credential,
    ...labels,
    ...protect,
  };
}

function block(name: string, connection: Settings, indent: number): string {
  const text = stringify({ [name]: connection }, { lineWidth: 0, flowCollectionPadding: true });
  return text.replace(/^(?=.)/gm, ' '.repeat(indent));
}

/** The file with one connection more. Everything else stays byte for byte, unless connections are written in braces. */
export function withConnection(before: string, name: string, connection: Settings): string {
  const document = parseDocument(before);
  const root = document.contents;
  const pair = isMap(root)
    ? root.items.find(({ key }) => isScalar(key) && key.value === 'connections')
    : undefined;
  const text = before === '' || before.endsWith('\n') ? before : `${before}\n`;
  if (!pair) return `${text}\nconnections:\n${block(name, connection, 2)}`;
  const { value } = pair;
  const empty =
    value === null || (isScalar(value) && value.value === null) || (isMap(value) && value.items.length === 0);
  if (empty) {
    const [keyStart = 0, keyEnd = keyStart] = (pair.key as { range?: readonly number[] }).range ?? [];
    const colon = text.indexOf(':', keyEnd) + 1;
    const [from = colon, to = colon] = isNode(value) ? (value.range ?? []) : [];
    const braces = text.slice(from, to).trim() === '' ? colon : to;
    const rest = text.slice(braces).replace(/^[^\n]*\n?/, (line) => (line.trim() === '' ? '' : line));
    return `${text.slice(0, keyEnd)}:\n${block(name, connection, 2)}${rest}`;
  }
  const first = isMap(value) && !value.flow ? value.items[0]?.key : undefined;
  const last = isMap(value) ? value.items.at(-1)?.value : undefined;
  if (isScalar(first) && isNode(last) && first.range && last.range) {
    const indent = first.range[0] - (text.lastIndexOf('\n', first.range[0]) + 1);
    const end = last.range[1];
    const at = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1;
    return text.slice(0, at) + block(name, connection, indent) + text.slice(at);
  }
  document.setIn(['connections', name], document.createNode(connection));
  return document.toString({ lineWidth: 0 });
}

/** Throws `usage`, `config-missing`, `config-invalid`; then the file is as it was. */
export async function addConnection(context: CommandContext): Promise<number> {
  const name = context.args[0] ?? '';
  const file = paths(context.home, context.environment).config;
  const before = await readFile(file, 'utf8').catch(() => {
    throw new BrokerError('config-missing');
  });
  if ((await loadChecked(context)).config.connections.has(name))
    throw new BrokerError(
      'usage',
      { reason: `there is a connection named ${name} already`, command: 'connections add' },
      { hint: `see it with \`broker connections show ${name}\`, change it in ${file}` },
    );
  const after = withConnection(before, name, settings(context, credentialOf(context)));
  const { mode } = await stat(file);
  await writeAtomic(file, after, mode & 0o777);
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
