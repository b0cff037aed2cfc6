// broker mask scan: asks the target for its columns and a sample of each, through a session like any other, and proposes tags.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { paths } from '../../config/paths.ts';
import { createScanner, DATA_TYPES } from '../../detectors/index.ts';
import { openAgent } from '../../front/compose.ts';
import { type Ask, withSession } from '../../front/sampling.ts';
import { writeAtomic } from '../../lib/atomic-file.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { loadChecked } from '../setup/shelves.ts';
import { guess, type Proposal, type Sampled } from './guess.ts';
import { patch, withColumns } from './tagged.ts';

const COLUMNS = `select n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and not c.relispartition and a.attnum > 0 and not a.attisdropped
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'
order by 1, 2, a.attnum`;

/** Types whose values are worth a look. */
const LOOKED_AT = /^(?:text|character|name|citext|bigint|numeric|json|inet|cidr|macaddr|xml|hstore|bytea)/;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface Table {
  readonly name: string;
  readonly sql: string;
  readonly columns: { readonly name: string; readonly type: string }[];
}

function tablesOf(rows: readonly (readonly (string | null)[])[]): readonly Table[] {
  const tables = new Map<string, Table>();
  for (const [schema, relation, name, type] of rows) {
    const key = `${schema}.${relation}`;
    const table = tables.get(key) ?? {
      name: key,
      sql: `${quoted(schema ?? '')}.${quoted(relation ?? '')}`,
      columns: [],
    };
    table.columns.push({ name: name ?? '', type: type ?? '' });
    tables.set(key, table);
  }
  return [...tables.values()];
}

/** A value that detectors masked on its way names its type: `[email]`, `[email:0a1b…]`. */
const MASKED = /\[([a-z][a-z0-9-]*)(?::[0-9a-f]{16})?\]/g;

const scanner = createScanner(DATA_TYPES.filter((type) => type !== 'ip-address' && type !== 'mac-address'));

function typesIn(column: string, value: string): ReadonlySet<string> {
  const types = new Set(
    [...value.matchAll(MASKED)].flatMap(([, type]) => (DATA_TYPES.includes(type ?? '') ? [type ?? ''] : [])),
  );
  // The column's name announces what stands in it, as it would in a record.
  const prefix = `${column}=`;
  for (const span of scanner.scan(prefix + value)) if (span.end > prefix.length) types.add(span.type);
  return types;
}

async function sample(ask: Ask, table: Table, rows: number): Promise<readonly Sampled[]> {
  const looked = table.columns.filter(({ type }) => LOOKED_AT.test(type));
  const list = looked.map(({ name }) => quoted(name)).join(', ');
  const answer = looked.length === 0 ? [] : await ask(`select ${list} from ${table.sql} limit ${rows}`);
  return table.columns.map(({ name, type }) => {
    const index = looked.findIndex((one) => one.name === name);
    const found = new Map<string, number>();
    let values = 0;
    for (const row of index < 0 ? [] : answer) {
      const value = row[index];
      if (value === null || value === undefined || value === '') continue;
      values += 1;
      for (const one of typesIn(name, value)) found.set(one, (found.get(one) ?? 0) + 1);
    }
    return { column: `${table.name}.${name}`, sqlType: type, values, found };
  });
}

interface Scan {
  readonly proposals: readonly Proposal[];
  readonly columns: number;
  /** Tables that could not be read, and why. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
}

async function scanned(ask: Ask, tagged: Readonly<Record<string, string>>, rows: number): Promise<Scan> {
  const tables = tablesOf(await ask(COLUMNS));
  const proposals: Proposal[] = [];
  const skipped: { table: string; reason: string }[] = [];
  let columns = 0;
  for (const table of tables) {
    columns += table.columns.length;
    try {
      for (const one of await sample(ask, table, rows)) {
        const proposal = Object.hasOwn(tagged, one.column) ? undefined : guess(one);
        if (proposal) proposals.push(proposal);
      }
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) throw error;
      skipped.push({ table: table.name, reason: error.message });
    }
  }
  return { proposals, columns, skipped };
}

function rowsOf(context: CommandContext): number {
  const given = context.options['sample'];
  const rows = Number(given ?? 100);
  if (Number.isInteger(rows) && rows >= 1 && rows <= 10_000) return rows;
  throw new BrokerError('usage', { reason: '--sample takes a number from 1 to 10000', command: 'mask scan' });
}

async function store(context: CommandContext, file: string, before: string, after: string): Promise<void> {
  const { mode } = await stat(file);
  await writeAtomic(file, after, mode & 0o777);
  try {
    await loadChecked(context);
  } catch (error) {
    await writeAtomic(file, before, mode & 0o777);
    throw error;
  }
}

function report(context: CommandContext, scan: Scan, diff: string, written: boolean): void {
  const { stdout, stderr } = context;
  for (const { column, dataType, confidence, reason } of scan.proposals)
    stderr.write(`${visible(column)}: ${dataType}, ${confidence} (${reason})\n`);
  for (const { table, reason } of scan.skipped)
    stderr.write(`broker: skipped ${visible(table)}: ${visible(reason)}\n`);
  if (scan.proposals.length === 0) stderr.write(`nothing to add: looked at ${scan.columns} columns\n`);
  stdout.write(diff);
  if (diff !== '' && !written)
    stderr.write('write it with --write, or leave out lines you know better about\n');
}

/** Throws `usage`, `config-missing`, and whatever opening a session throws. */
export async function scanConnection(context: CommandContext): Promise<number> {
  const rows = rowsOf(context);
  const name = context.args[0] ?? '';
  const file = paths(context.home, context.environment).config;
  const connection = (await loadChecked(context)).config.connections.get(name);
  const agent = await openAgent(context);
  const scan = await withSession(agent, context, { connection: name, reason: 'mask scan' }, (ask) =>
    scanned(ask, connection?.masking.columns ?? {}, rows),
  );
  const before = await readFile(file, 'utf8').catch(() => '');
  const tags = new Map(
    scan.proposals.filter(({ confidence }) => confidence !== 'low').map((one) => [one.column, one.dataType]),
  );
  const after = tags.size === 0 ? before : withColumns(before, name, tags);
  if (after === undefined)
    throw new BrokerError('usage', { reason: `${name} is not defined in ${file}`, command: 'mask scan' });
  const diff = patch(basename(file), before, after);
  const write = context.options['write'] === true && diff !== '';
  if (write) await store(context, file, before, after);
  if (context.json) context.stdout.write(`${JSON.stringify({ ...scan, diff, written: write })}\n`);
  else report(context, scan, diff, write);
  return EXIT.done;
}
