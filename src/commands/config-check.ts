// broker config check: every problem of the configuration and of the policies it names, at once.
import { visible } from '../lib/visible.ts';
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const configCheck: CommandDefinition = {
  name: 'config check',
  group: 'machine',
  summary: 'is the configuration right',
  description: ['Reports every problem as file:line:column. Exits with 9 when there is one.'],
  arguments: [],
  options: [],
  examples: [{ command: 'broker config check', explains: 'before you commit it, or in CI' }],
  run: async (context) => {
    const { loadChecked } = await import('./setup/shelves.ts');
    const { loosePermissions } = await import('../config/permissions.ts');
    const { config, files } = await loadChecked(context);
    const warnings = await loosePermissions([...files, ...config.policy]);
    if (context.json) {
      context.stdout.write(`${JSON.stringify({ files, connections: config.connections.size, warnings })}\n`);
      return EXIT.done;
    }
    for (const { path, mend } of warnings)
      context.stderr.write(`broker: warning: others may write ${visible(path)}\nbroker: hint: ${mend}\n`);
    const count = config.connections.size;
    context.stdout.write(
      `${files.map((file) => visible(file)).join(', ')}: ${count} connection${count === 1 ? '' : 's'}, no problem\n`,
    );
    return EXIT.done;
  },
};
