// One day of the ledger as a table beside the evidence, for DuckDB, Athena, Trino and Spark. Derived: must never be read to judge evidence.
import { sha256 } from '../lib/digest.ts';
import { type Column, LEDGER, SESSIONS } from './columns.ts';
import type { ExportedStatement } from './exporter.ts';
import { parquetBytes, parquetValue } from './parquet.ts';

/** Rows of one part: days with more have several, cut at the same places whoever makes them. */
export const INDEX_PART = 20_000;

const LEDGER_NAMES = new Set(LEDGER.map(([name]) => name));

/** What one statement says by itself: people stay subjects, and nothing comes out of a session's events. */
const ELSEWHERE = new Set(['person', 'approvers']);

const COLUMNS: readonly Column<ExportedStatement>[] = [
  ...LEDGER,
  // Only a session's own statement has what a session came to.
  ...SESSIONS.filter(([name]) => !LEDGER_NAMES.has(name)).map(
    ([name, kind, of]): Column<ExportedStatement> => [
      name,
      kind,
      (row) => (row.predicate.kind === 'session' ? of(row) : undefined),
    ],
  ),
].filter(([name]) => !ELSEWHERE.has(name));

export const indexPrefix = (day: string): string => `v1/index/day=${day}/`;

export interface IndexPart {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Rows of one part, kept as columns. */
export class IndexRows {
  readonly #data: (string | bigint | null)[][] = COLUMNS.map(() => []);
  count = 0;

  add(statement: ExportedStatement): void {
    COLUMNS.forEach(([, kind, of], index) => {
      this.#data[index]?.push(parquetValue(kind, of(statement)));
    });
    this.count += 1;
  }

  /** Named by what it holds: whoever makes it again finds it there. */
  async part(day: string): Promise<IndexPart> {
    const bytes = await parquetBytes(COLUMNS, this.#data);
    return { key: `${indexPrefix(day)}part-${sha256(bytes)}.parquet`, bytes };
  }
}
