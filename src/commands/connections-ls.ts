// broker connections ls: the targets this configuration knows.
import { table } from '../lib/table.ts';
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const connectionsLs: CommandDefinition = {
  name: 'connections ls',
  group: 'sessions',
  summary: 'list the targets you may try to reach',
  arguments: [],
  options: [],
  examples: [{ command: 'broker connections ls', explains: 'names, addresses, labels' }],
  run: async (context) => {
    const { loadConfig } = await import('../config/load.ts');
    const connections = [...(await loadConfig(context)).config.connections.values()];
    const rows = connections.map(({ name, type, host, port, database, labels, credential, description }) => ({
      name,
      type,
      address: host.startsWith('/') ? host : `${host}:${port}`,
      database: database ?? '',
      credential: credential.source,
      labels,
      description: description ?? '',
    }));
    if (context.json) for (const row of rows) context.stdout.write(`${JSON.stringify(row)}\n`);
    else if (rows.length === 0)
      context.stdout.write('no connections yet; add one with `broker connections add NAME`\n');
    else {
      const cells = rows.map((row) => [
        row.name,
        row.type,
        row.address,
        row.database,
        row.credential,
        row.labels.join(' '),
        row.description,
      ]);
      const headings = ['NAME', 'TYPE', 'ADDRESS', 'DATABASE', 'CREDENTIAL', 'LABELS', 'DESCRIPTION'];
      const { columns } = context.stdout;
      context.stdout.write(
        table(headings, cells, { fancy: context.fancy, ...(columns ? { width: columns } : {}) }),
      );
    }
    return EXIT.done;
  },
};
