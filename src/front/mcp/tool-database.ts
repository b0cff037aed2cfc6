// How broker's own tools reach the session: one connection at a time per call, a page of rows, and a way to stop. Must never gather a result.
import pg from 'pg';
import PgCursor from 'pg-cursor';

export const MOST_ROWS = 1000;
const USUAL_ROWS = 100;
const BATCH = 200;

export interface Page {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command?: string;
  readonly next?: number;
}

export interface Reading {
  readonly sql: string;
  readonly limit?: number;
  readonly skip?: number;
  readonly signal: AbortSignal;
  progress(rows: number): void;
}

export interface Database {
  read(reading: Reading): Promise<Page>;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Values stay the text that the database sent. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** The part of pg-cursor that is used. */
interface Cursor {
  read(
    count: number,
    done: (error: Error | undefined, rows: unknown[], result: pg.QueryResult | undefined) => void,
  ): void;
  close(): Promise<void>;
}

const makeCursor = PgCursor as unknown as new (
  sql: string,
  values: readonly unknown[],
  options: { readonly rowMode: 'array' },
) => Cursor & pg.Submittable;

interface Row {
  readonly rows: (string | null)[][];
  readonly fields: readonly string[];
  readonly command?: string;
}

function batch(cursor: Cursor, count: number): Promise<Row> {
  return new Promise((resolve, reject) => {
    cursor.read(count, (error, rows, result) => {
      if (error) return reject(error);
      const fields = (result?.fields ?? []).map(({ name }) => name);
      resolve({
        rows: rows as (string | null)[][],
        fields,
        ...(result?.command ? { command: result.command } : {}),
      });
    });
  });
}

class PoolDatabase implements Database {
  readonly #pool: pg.Pool;

  constructor(environment: Environment) {
    this.#pool = new pg.Pool({
      host: environment['PGHOST'] ?? '',
      port: Number(environment['PGPORT']),
      user: environment['PGUSER'] ?? '',
      password: environment['PGPASSWORD'] ?? '',
      database: environment['PGDATABASE'] ?? '',
      application_name: 'broker mcp',
      max: 4,
      types: AS_TEXT as never,
    });
    // A connection that breaks between calls is replaced by the next one.
    this.#pool.on('error', () => undefined);
  }

  async read(reading: Reading): Promise<Page> {
    const client = await this.#pool.connect();
    const stop = (): void => {
      const { host, port } = client as unknown as { host: string; port: number };
      const canceller = new pg.Client({ host, port }) as unknown as {
        cancel(client: unknown, query: unknown): void;
      };
      canceller.cancel(client, (client as unknown as { activeQuery?: unknown }).activeQuery ?? cursor);
    };
    const cursor = client.query(new makeCursor(reading.sql, [], { rowMode: 'array' }));
    reading.signal.addEventListener('abort', stop, { once: true });
    let broken: Error | undefined;
    try {
      return await page(cursor, reading);
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      reading.signal.removeEventListener('abort', stop);
      await cursor.close().catch(() => undefined);
      // After a failure nobody knows what state it is in: the next call gets another.
      client.release(broken !== undefined);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

async function page(cursor: Cursor, { limit = USUAL_ROWS, skip = 0, progress }: Reading): Promise<Page> {
  const most = Math.min(limit, MOST_ROWS);
  const rows: (string | null)[][] = [];
  let read = 0;
  let last: Row = { rows: [], fields: [] };
  // One more than is shown, to know whether there are more.
  while (read < skip + most + 1) {
    const wanted = Math.min(BATCH, skip + most + 1 - read);
    last = await batch(cursor, wanted);
    rows.push(...last.rows.slice(Math.max(0, skip - read)));
    read += last.rows.length;
    progress(read);
    if (last.rows.length < wanted) break;
  }
  const more = rows.length > most;
  return {
    columns: last.fields,
    rows: rows.slice(0, most),
    ...(last.command ? { command: last.command } : {}),
    ...(more ? { next: skip + most } : {}),
  };
}

/** Reaches what `PG*` of this environment say. */
export function openDatabase(environment: Environment): Database {
  return new PoolDatabase(environment);
}
