// broker's own tools for a PostgreSQL connection, on the official library. Knows nothing of policy: it reaches the database like any client.
import { fromJsonSchema, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { type Database, MOST_ROWS, type Page } from './tool-database.ts';

const SQL = { type: 'string', minLength: 1, description: 'One SQL statement of PostgreSQL' } as const;

const QUERY = {
  type: 'object',
  properties: {
    sql: SQL,
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MOST_ROWS,
      description: 'Most rows to return; 100 when left out',
    },
    skip: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      description: 'Rows to leave out first: `next` of the page before',
    },
  },
  required: ['sql'],
  additionalProperties: false,
} as const;

const DESCRIBE = {
  type: 'object',
  properties: {
    schema: { type: 'string', description: 'Only this schema' },
    table: { type: 'string', description: 'Only this table or view' },
    skip: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      description: 'Rows to leave out first: `next` of the page before',
    },
  },
  additionalProperties: false,
} as const;

const EXPLAIN = {
  type: 'object',
  properties: { sql: SQL },
  required: ['sql'],
  additionalProperties: false,
} as const;

const PAGE = {
  type: 'object',
  properties: {
    columns: { type: 'array', items: { type: 'string' } },
    rows: { type: 'array', items: { type: 'array', items: { type: ['string', 'null'] } } },
    command: { type: 'string' },
    next: { type: 'integer', description: 'There are more rows: pass this as `skip`' },
  },
  required: ['columns', 'rows'],
} as const;

const COLUMNS = `select table_schema as schema, table_name as "table", column_name as "column", data_type as type, is_nullable as nullable
from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema')`;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function describeSql({ schema, table }: { schema?: string; table?: string }): string {
  const only = [
    ...(schema === undefined ? [] : [`and table_schema = ${quoted(schema)}`]),
    ...(table === undefined ? [] : [`and table_name = ${quoted(table)}`]),
  ];
  return [COLUMNS, ...only, 'order by table_schema, table_name, ordinal_position'].join('\n');
}

interface Given {
  readonly sql?: string;
  readonly limit?: number;
  readonly skip?: number;
  readonly schema?: string;
  readonly table?: string;
}

function shown(page: Page) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(page) }], structuredContent: { ...page } };
}

function failed(error: unknown) {
  const { message, hint, code } = error as { message?: string; hint?: string; code?: string };
  const text = [`${message ?? String(error)}${code ? ` (${code})` : ''}`, hint && `hint: ${hint}`]
    .filter(Boolean)
    .join('\n');
  return { content: [{ type: 'text' as const, text }], isError: true };
}

/** Says how many rows were read, to whoever asked to be told. */
function progressOf({ mcpReq }: ServerContext): (rows: number) => void {
  const token = mcpReq._meta?.progressToken;
  if (token === undefined) return () => undefined;
  return (progress) =>
    void mcpReq
      .notify({
        method: 'notifications/progress',
        params: { progressToken: token, progress, message: `${progress} rows` },
      })
      .catch(() => undefined);
}

/** Tools differ in name and statement only. */
function adder(server: McpServer, database: Database) {
  return (
    name: string,
    description: string,
    inputSchema: Parameters<typeof fromJsonSchema>[0],
    readOnly: boolean,
    statement: (given: Given) => { readonly sql: string; readonly limit?: number; readonly skip?: number },
  ) =>
    server.registerTool(
      name,
      {
        description,
        inputSchema: fromJsonSchema<Given>(inputSchema),
        outputSchema: fromJsonSchema(PAGE as Parameters<typeof fromJsonSchema>[0]),
        annotations: { readOnlyHint: readOnly, openWorldHint: false },
      },
      async (given: Given, context: ServerContext) => {
        const { signal } = context.mcpReq;
        try {
          return shown(await database.read({ ...statement(given), signal, progress: progressOf(context) }));
        } catch (error) {
          return failed(error);
        }
      },
    );
}

function makeServer(database: Database, version: string): McpServer {
  const server = new McpServer(
    { name: 'broker', version },
    {
      instructions:
        'Every statement is judged, masked and recorded. [email] and the like stand for values that are hidden.',
    },
  );
  const tool = adder(server, database);
  tool(
    'query',
    'Runs one SQL statement and returns its rows as text, a page at a time',
    QUERY as never,
    false,
    ({ sql = '', limit, skip }) => ({
      sql,
      ...(limit === undefined ? {} : { limit }),
      ...(skip === undefined ? {} : { skip }),
    }),
  );
  tool(
    'describe_schema',
    'Tables and views with their columns and types',
    DESCRIBE as never,
    true,
    ({ skip, ...given }) => ({
      sql: describeSql(given),
      limit: MOST_ROWS,
      ...(skip === undefined ? {} : { skip }),
    }),
  );
  tool(
    'explain',
    'How PostgreSQL would run a statement, without running it',
    EXPLAIN as never,
    true,
    ({ sql = '' }) => ({
      sql: `EXPLAIN (FORMAT JSON) ${sql}`,
    }),
  );
  return server;
}

/** Serves until `gone`; one database connection for all calls, made by the first. */
export async function serveTools(database: Database, version: string, gone: Promise<void>): Promise<void> {
  const handle = serveStdio(() => makeServer(database, version));
  await gone;
  await handle.close();
  await database.close();
}
