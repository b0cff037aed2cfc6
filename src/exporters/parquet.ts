// The same tables as Parquet, for DuckDB, Athena, Trino and Spark. Must never hold more rows than one part in memory.
import { type Column, LEDGER, SESSIONS, STATEMENTS, type Told, type Value } from './columns.ts';
import type { ExportedStatement, Exporter, ExportHeader, ExportTarget, ExportWriter } from './exporter.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';
import { type StatementTold, Stories } from './story.ts';

/** Rows of one file; the next ones go into another. */
const PART = 100_000;
/** Characters of one file's rows, before compression. */
const PART_TEXT = 64 * 2 ** 20;

const TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  list: { type: 'BYTE_ARRAY', converted_type: 'JSON' },
  integer: { type: 'INT64' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
} as const;

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/;

/** Microseconds since the epoch; nothing of what is no time. */
function micros(time: string): bigint | null {
  const [, seconds, fraction] = STAMP.exec(time) ?? [];
  const whole = Date.parse(`${seconds ?? ''}Z`);
  return fraction === undefined || Number.isNaN(whole) ? null : BigInt(whole) * 1000n + BigInt(fraction);
}

export type ParquetData = readonly (readonly (string | bigint | null)[])[];

export function parquetValue(kind: keyof typeof TYPES, value: Value): string | bigint | null {
  if (value === undefined) return null;
  if (kind === 'time') return micros(String(value));
  if (kind === 'integer') return BigInt(value as number);
  return kind === 'list' ? JSON.stringify(value) : String(value);
}

/** One file; the same values give the same bytes. */
export async function parquetBytes<T>(columns: readonly Column<T>[], data: ParquetData): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const schema = [
    { name: 'root', num_children: columns.length },
    ...columns.map(([name, kind]) => ({ name, repetition_type: 'OPTIONAL' as const, ...TYPES[kind] })),
  ];
  const columnData = columns.map(([name], index) => ({ name, data: [...(data[index] ?? [])] }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, createdBy: 'access-broker' }));
}

/** Columns of `T`, kept until a part is full. */
class Table<T> {
  readonly #name: string;
  readonly #columns: readonly Column<T>[];
  readonly #target: ExportTarget;
  #data: (string | bigint | null)[][];
  #rows = 0;
  #text = 0;
  #part = 0;

  constructor(name: string, columns: readonly Column<T>[], target: ExportTarget) {
    this.#name = name;
    this.#columns = columns;
    this.#target = target;
    this.#data = columns.map(() => []);
  }

  async add(row: T): Promise<void> {
    this.#columns.forEach(([, kind, of], index) => {
      const value = parquetValue(kind, of(row));
      this.#data[index]?.push(value);
      if (typeof value === 'string') this.#text += value.length;
    });
    this.#rows += 1;
    if (this.#rows >= PART || this.#text >= PART_TEXT) await this.flush();
  }

  /** The first part is written even without rows, so that a query finds its columns. */
  async flush(): Promise<void> {
    if (this.#rows === 0 && this.#part > 0) return;
    const bytes = await parquetBytes(this.#columns, this.#data);
    const name = `${this.#name}/part-${String(this.#part).padStart(5, '0')}.parquet`;
    await this.#target.file(name, bytes);
    this.#part += 1;
    this.#rows = 0;
    this.#text = 0;
    this.#data = this.#columns.map(() => []);
  }
}

const ABOUT = `## What is here

- \`statements/*.parquet\`: what was executed, one row per statement, with its decision, the policies that made it, its approval and its answer.
- \`sessions/*.parquet\`: one row per sealed session.
- \`ledger/*.parquet\`: one row per signed statement of the whole span, chosen or not.

Times are microseconds in UTC; \`policies\` and \`actions\` are JSON lists. For example, in DuckDB:

\`\`\`sql
select subject, count(*) from 'statements/*.parquet' where decision = 'deny' group by all;
\`\`\`

${NOT_PROOF}`;

class ParquetWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #ledger: Table<ExportedStatement>;
  readonly #sessions: Table<ExportedStatement>;
  readonly #statements: Table<Told>;
  readonly #stories: Stories<ExportedStatement>;
  #header: ExportHeader | undefined;
  #sealed = 0;

  constructor(target: ExportTarget) {
    this.#target = target;
    this.#ledger = new Table('ledger', LEDGER, target);
    this.#sessions = new Table('sessions', SESSIONS, target);
    this.#statements = new Table('statements', STATEMENTS, target);
    this.#stories = new Stories((statement, told) => this.#statements.add({ statement, told }));
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
  }

  async statement(statement: ExportedStatement): Promise<void> {
    await this.#stories.end();
    await this.#ledger.add(statement);
    if (!statement.chosen || statement.predicate.kind !== 'session') return;
    this.#sealed += 1;
    await this.#sessions.add(statement);
  }

  async blob(): Promise<void> {}

  event({
    statement,
    value,
  }: {
    statement: ExportedStatement;
    value: StatementTold['event'];
  }): Promise<void> {
    return this.#stories.push(statement, value);
  }

  async footer(footer: Parameters<ExportWriter['footer']>[0]): Promise<void> {
    await this.#stories.end();
    for (const table of [this.#ledger, this.#sessions, this.#statements]) await table.flush();
    await writeReadme(this.#target, this.#header, footer, { sessions: this.#sealed, about: ABOUT });
  }
}

export const parquetExporter: Exporter = {
  id: 'parquet',
  summary: 'the same tables for DuckDB, Athena, Trino and Spark',
  wants: { blobs: false, events: true },
  streams: false,
  open: (target) => new ParquetWriter(target),
};
