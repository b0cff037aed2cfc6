// broker config show: the settings in force and, with --origin, where each one was said.
import { table } from '../lib/table.ts';
import type { Config, Layer, Origin } from '../model/config.ts';
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

interface Row {
  readonly path: string;
  readonly value: unknown;
}

const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Leaves by dotted path, in the file's own words. */
function leaves(value: unknown, path: string): Row[] {
  if (!isGroup(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, `${path}${path ? '.' : ''}${path.endsWith('columns') ? key : snake(key)}`),
  );
}

/** Columns and recording live beside masking in the file, inside it in the model. */
function asWritten({ connections, ...rest }: Config): Row[] {
  const targets = [...connections.values()].flatMap(({ name, masking, ...connection }) => {
    const { columns, ...how } = masking;
    return leaves({ ...connection, columns, masking: how }, `connections.${name}`);
  });
  return [...leaves(rest, ''), ...targets];
}

/** `user 37:5`, the file's name being told once below; a variable or a flag is its own place. */
function shortPlace(layer: Layer, place: string, files: Map<string, string>): string {
  const [, file, at] = /^(.*):(\d+:\d+)$/.exec(place) ?? [];
  if (file === undefined || at === undefined) return place === '' ? layer : place;
  files.set(layer, file);
  return `${layer} ${at}`;
}

export const configShow: CommandDefinition = {
  name: 'config show',
  group: 'machine',
  summary: 'the settings in force',
  description: [
    'Settings are laid over one another: defaults, /etc/broker/broker.yaml, your broker.yaml, a project’s .broker.yaml, BROKER_… variables, flags. With --origin every value names the place that won.',
  ],
  arguments: [],
  options: [{ flags: '--origin', summary: 'say where each value comes from' }],
  examples: [
    { command: 'broker config show', explains: 'every setting' },
    { command: 'broker config show --origin', explains: 'and the file, line and column that said it' },
  ],
  run: async (context) => {
    const { loadConfig } = await import('../config/load.ts');
    const { config, origins } = await loadConfig(context);
    const originOf = (path: string): Origin => origins.get(path) ?? { layer: 'default', place: '' };
    const rows = asWritten(config).map((row) => ({ ...row, ...originOf(row.path) }));
    if (context.json) {
      for (const row of rows) context.stdout.write(`${JSON.stringify(row)}\n`);
      return EXIT.done;
    }
    const origin = context.options['origin'] === true;
    const places = new Map<string, string>();
    const cells = rows.map(({ path, value, layer, place }) => [
      path,
      typeof value === 'string' ? value : JSON.stringify(value),
      ...(origin ? [shortPlace(layer, place, places)] : []),
    ]);
    const headings = ['SETTING', 'VALUE', ...(origin ? ['FROM'] : [])];
    const { columns } = context.stdout;
    context.stdout.write(
      table(headings, cells, { fancy: context.fancy, ...(columns ? { width: columns } : {}) }),
    );
    if (places.size > 0)
      context.stdout.write(`\n${table(['FROM', 'FILE'], [...places], { fancy: context.fancy })}`);
    return EXIT.done;
  },
};
