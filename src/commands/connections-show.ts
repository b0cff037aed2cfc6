// broker connections show: one target, whole. Credentials are shown as settings; secrets are never in the configuration.
import { visible } from '../lib/visible.ts';
import type { Connection } from '../model/connection.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

/** `passwordVariable` as the file writes it. */
const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Settings as `admin.user broker_admin, grant app`. */
function described(settings: Readonly<Record<string, unknown>>, within = ''): string {
  const rows = Object.entries(settings).map(([key, value]) => {
    const name = `${within}${snake(key)}`;
    if (Array.isArray(value)) return `${name} ${value.join(' ')}`;
    if (typeof value === 'object' && value !== null)
      return described(value as Readonly<Record<string, unknown>>, `${name}.`);
    return `${name} ${String(value)}`;
  });
  return rows.join(', ');
}

function lines(connection: Connection): readonly (readonly [string, string])[] {
  const { credential, masking, recording, tls } = connection;
  const { source, ...settings } = credential;
  const columns = Object.entries(masking.columns).map(
    ([column, type]) => ['protected', `${column} (${type})`] as const,
  );
  return [
    ['name', connection.name],
    ...(connection.description ? [['description', connection.description] as const] : []),
    ['type', connection.type],
    ...(connection.url === undefined
      ? ([
          [
            'address',
            connection.host.startsWith('/') ? connection.host : `${connection.host}:${connection.port}`,
          ],
          ['database', connection.database ?? 'the account’s name'],
          ['tls', [tls.mode, ...(tls.ca ? [`ca ${tls.ca}`] : [])].join(', ')],
        ] as const)
      : ([['address', connection.url]] as const)),
    ['credential', Object.keys(settings).length > 0 ? `${source}, ${described(settings)}` : source],
    ['labels', connection.labels.join(' ') || 'none'],
    ...columns,
    ['unknown values', masking.onUnknown],
    ['recorded', `${recording.maxRows} rows or ${recording.maxBytes} bytes of each answer, masked`],
  ];
}

export const connectionsShow: CommandDefinition = {
  name: 'connections show',
  group: 'sessions',
  summary: 'show one target',
  arguments: [{ name: 'NAME', summary: 'the connection', required: true, completes: 'connection' }],
  options: [],
  examples: [
    { command: 'broker connections show prod-db', explains: 'address, credential, protected columns' },
  ],
  run: async (context) => {
    const { loadConfig } = await import('../config/load.ts');
    const name = context.args[0] ?? '';
    const connection = (await loadConfig(context)).config.connections.get(name);
    if (!connection) throw new BrokerError('connection-unknown', { connection: name });
    if (context.json) context.stdout.write(`${JSON.stringify(connection)}\n`);
    else
      for (const [key, value] of lines(connection))
        context.stdout.write(`${key.padEnd(15)} ${visible(value)}\n`);
    return EXIT.done;
  },
};
