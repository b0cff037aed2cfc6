// How pinned tools look to people. Everything a server told is made visible.
import { table } from '../../lib/table.ts';
import { visible } from '../../lib/visible.ts';
import { allPins, changesOf, type Pin, pinFolder } from './pins.ts';

interface Row {
  readonly server: string;
  readonly connection: string;
  readonly program: string;
  readonly tool: string;
  readonly state: 'trusted' | 'changed';
  readonly seen: string;
  readonly changes?: string;
  readonly flags: readonly string[];
}

function rowOf(pin: Pin): Pick<Row, 'state' | 'seen' | 'flags' | 'changes'> {
  const { changed } = pin;
  if (!changed) return { state: 'trusted', seen: pin.seen, flags: pin.flags };
  return { state: 'changed', seen: changed.seen, flags: changed.flags, changes: changesOf(pin) };
}

export function listTools(
  state: string,
  options: { readonly json: boolean; readonly changed: boolean },
): string {
  const rows: Row[] = allPins(pinFolder(state))
    .flatMap(({ id: server, connection, program, tools }) =>
      Object.entries(tools).map(([tool, pin]) => ({ server, connection, program, tool, ...rowOf(pin) })),
    )
    .filter((row) => !options.changed || row.state === 'changed');
  if (options.json) return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (rows.length === 0) return '';
  const lines = rows.map((row) => [
    row.server,
    row.connection,
    visible(row.program, { limit: 30 }),
    visible(row.tool, { limit: 60 }),
    row.state,
    visible([row.changes, ...row.flags].filter((each) => each !== undefined).join('; ')),
  ]);
  return table(['SERVER', 'CONNECTION', 'PROGRAM', 'TOOL', 'STATE', 'SIGNS'], lines);
}
