// A database with protected columns of every shape, and a client that masks what the server answers as a worker would.
import { loadModule, parseSync } from 'libpg-query';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { createMasker, type Masker, type UnitPlan } from '../../../src/flow/mask/index.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { StatementUnit } from '../../../src/model/classification.ts';
import type { Connection, MaskingSettings } from '../../../src/model/connection.ts';
import type { Field, Scanner } from '../../../src/model/masking.ts';
import { loadCatalogue } from '../../../src/protocols/postgres/catalogue.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

/** Values no detector knows, so that only lineage can hide them. Each is distinct in every six characters. */
export const SECRETS = {
  card: ['7304918265037419', '6195027384619028'],
  email: ['zqxjkv@wpghm.test', 'bfyrlt@ndscu.test'],
  account: ['9182736450918273', '8273645091827364'],
  phone: ['5647382910564738', '3829105647382911'],
  pin: ['40718236', '59203847'],
  doc: ['kappaomegasigma'],
  ssn: ['217906431', '318205764'],
} as const;

export const PROTECTED: Readonly<Record<string, string>> = {
  'public.customers.card': 'payment-card',
  'public.customers.email': 'email',
  'public.customers.account': 'account',
  'public.customers.phones': 'phone',
  'public.customers.pin': 'pin',
  'public.customers.doc': 'secret',
  'public.payments.card': 'payment-card',
  'public.people.ssn': 'us-ssn',
  'public.leaf.ssn': 'us-ssn',
};

/** Functions first that views need, then tables and views, then the rest. */
export const worldSql = (): string =>
  `${FUNCTIONS.split('\n')[1]}${SCHEMA}${FUNCTIONS.split('\n').slice(2).join('\n')}`;

const SCHEMA = `
create extension if not exists hstore;
create extension if not exists dblink;
create domain mail as varchar(80);
create type contact as (name text, card text);
create table customers (
  id int primary key, name text not null, card text unique check (length(card) > 3), email mail, account bigint,
  phones text[], pin int, doc jsonb, region text, seen timestamptz default '2020-01-01');
insert into customers values
  (1, 'Ada', '${SECRETS.card[0]}', '${SECRETS.email[0]}', ${SECRETS.account[0]},
   array['${SECRETS.phone[0]}'], ${SECRETS.pin[0]}, '{"k": ["${SECRETS.doc[0]}"], "n": 1}', 'north'),
  (2, 'Bob', '${SECRETS.card[1]}', '${SECRETS.email[1]}', ${SECRETS.account[1]},
   array['${SECRETS.phone[1]}', null], ${SECRETS.pin[1]}, '{"k": 2}', 'south');
create table orders (id int primary key, customer_id int references customers, note text, amount numeric(10,2), tags text[]);
insert into orders values (10, 1, 'first order', 12.50, '{red,blue}'), (11, 2, 'second order', 99.00, '{}');
create table payments (id int, card text, amount int) partition by range (id);
create table payments_low partition of payments for values from (0) to (100);
create table payments_high (amount int, id int, card text);
alter table payments attach partition payments_high for values from (100) to (1000);
insert into payments values (1, '${SECRETS.card[0]}', 5), (500, '${SECRETS.card[1]}', 7);
create table people (id int, ssn text);
create table staff (grade int) inherits (people);
insert into staff values (1, '${SECRETS.ssn[0]}', 3);
create table stem (id int, ssn text, other text);
create table leaf () inherits (stem);
insert into leaf values (1, '${SECRETS.ssn[1]}', 'fine');
create table holder (id int, who customers, cs customers[]);
insert into holder select 1, c, array[c] from customers c where id = 1;
create view v_cards as select id, card as number, name from customers;
create view v_nested(a, b) as select number, id from v_cards where b_ok(id);
create view v_expr as select id, upper(reverse(card)) as x, card || '' as y, name from customers;
create view v_clean as select id, name, region from customers;
create view v_union as select id, name from orders join customers using (id) union select id, card from customers;
create materialized view mv_cards as select * from customers;
create view v_swap as select card as name, name as card, id from customers;
`;

const FUNCTIONS = `
create function b_ok(i int) returns bool language sql immutable as 'select i > 0';
create function get_card(i int) returns text language sql stable as 'select card from customers where id = i';
create function get_card_twice(i int) returns text language plpgsql as $$ begin return get_card(i); end $$;
create function anything(q text) returns text language plpgsql as $$ declare r text; begin execute q into r; return r; end $$;
create function all_customers() returns setof customers language sql stable as 'select * from customers';
create function out_cards(out i int, out c text) returns setof record language sql stable as 'select id, card from customers';
create function add_tax(a numeric) returns numeric language sql immutable as 'select a * 1.2';
create function add_tax_of(a numeric, b numeric) returns numeric language sql immutable as 'select a * b';
create function slug(t text) returns text language plpgsql immutable as $$ begin return lower(replace(t, ' ', '-')); end $$;
create operator !@! (function = get_card, rightarg = int);
create operator + (function = get_card, rightarg = int);
create operator <+> (function = add_tax_of, leftarg = numeric, rightarg = numeric);
create type cardref as (id int);
create function cardref_text(r cardref) returns text language sql stable as 'select card from customers where id = r.id';
create cast (cardref as text) with function cardref_text(cardref);
create function keep(t text) returns text language plpgsql volatile as $$ begin perform t; return 'kept'; end $$;
`;

export interface Answer {
  readonly plan: UnitPlan;
  /** Masked cells as text; binary cells as Latin-1. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly fields: readonly Field[];
  /** Fields of an error, scrubbed. */
  readonly error?: ReadonlyMap<string, string>;
  readonly notices: readonly ReadonlyMap<string, string>[];
}

export interface World {
  readonly server: PostgresPeer;
  readonly client: pg.Client;
  readonly masker: Masker;
  catalogue(): Catalogue;
  refresh(): Promise<void>;
  /** Runs one statement and masks its answer. */
  run(
    sql: string,
    options?: { readonly binary?: boolean; readonly values?: readonly unknown[] },
  ): Promise<Answer>;
  plan(sql: string): UnitPlan;
  /** Runs COPY … TO STDOUT in text format and masks column by column. */
  copy(sql: string): Promise<{ readonly plan: UnitPlan; readonly text: string | undefined }>;
  stop(): Promise<void>;
}

export const NO_SCANNER: Scanner = { scan: () => [], announces: () => false, types: [] };

export function connectionWith(masking: Partial<MaskingSettings>): Connection {
  return {
    name: 'prod-db',
    type: 'postgres',
    host: '127.0.0.1',
    port: 5432,
    tls: { mode: 'disable' },
    credential: { source: 'env' },
    labels: [],
    masking: {
      columns: PROTECTED,
      strategies: { phone: 'hash', account: 'null' },
      onUnknown: 'mask',
      ...masking,
    },
    recording: { maxRows: 10, maxBytes: 1000 },
  };
}

interface ParseResult {
  readonly stmts: readonly { readonly stmt: unknown }[];
}

export const parse = (sql: string): unknown => parseSync(sql);

export function unitOf(sql: string, named: ReadonlyMap<string, StatementUnit> = new Map()): StatementUnit {
  const tree = (parseSync(sql) as unknown as ParseResult).stmts[0]?.stmt as Record<
    string,
    Record<string, unknown>
  >;
  const node = Object.keys(tree)[0] ?? 'unparsed';
  const body = tree[node] ?? {};
  const answers =
    node === 'ExecuteStmt' || node === 'FetchStmt'
      ? named.get(String(body['name'] ?? body['portalname']))
      : undefined;
  return {
    start: 0,
    end: sql.length,
    node,
    title: node,
    actions: [],
    tables: [],
    columns: [],
    functions: [],
    hasWhere: false,
    changesCatalogue: false,
    tree,
    ...(answers ? { answers } : {}),
  };
}

/** What PREPARE and DECLARE leave behind. */
function remember(unit: StatementUnit, named: Map<string, StatementUnit>): void {
  const body = (unit.tree as Record<string, Record<string, unknown>>)[unit.node] ?? {};
  if (unit.node !== 'PrepareStmt' && unit.node !== 'DeclareCursorStmt') return;
  const inner = body['query'] as Record<string, unknown>;
  const { answers: _, ...rest } = unit;
  named.set(String(body['name'] ?? body['portalname']), {
    ...rest,
    node: Object.keys(inner)[0] ?? '',
    tree: inner,
  });
}

const ERROR_FIELDS: readonly (readonly [string, string])[] = [
  ['S', 'severity'],
  ['C', 'code'],
  ['M', 'message'],
  ['D', 'detail'],
  ['H', 'hint'],
  ['P', 'position'],
  ['p', 'internalPosition'],
  ['q', 'internalQuery'],
  ['W', 'where'],
  ['s', 'schema'],
  ['t', 'table'],
  ['c', 'column'],
  ['d', 'dataType'],
  ['n', 'constraint'],
];

function messageFields(error: object): Map<string, string> {
  const record = error as Record<string, unknown>;
  return new Map(
    ERROR_FIELDS.flatMap(([key, name]) =>
      typeof record[name] === 'string' ? [[key, record[name]] as const] : [],
    ),
  );
}

/** Values of every DataRow in a stream of whole messages, byte for byte: the client decodes them as UTF-8. */
function dataRows(stream: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < stream.length; at += 1 + stream.readInt32BE(at + 1)) {
    if (stream[at] !== 0x44) continue;
    const row: (Buffer | null)[] = [];
    let from = at + 7;
    for (let left = stream.readInt16BE(at + 5); left > 0; left--) {
      const length = stream.readInt32BE(from);
      from += 4;
      row.push(length < 0 ? null : stream.subarray(from, from + length));
      from += Math.max(length, 0);
    }
    rows.push(row);
  }
  return rows;
}

export interface RawAnswer {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (Buffer | null)[])[];
}

/** Runs one statement and hands out fields and values as they are on the wire. */
export async function rawQuery(
  client: pg.Client,
  sql: string,
  options: { readonly binary?: boolean | undefined; readonly values?: readonly unknown[] | undefined } = {},
): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  const tap = (chunk: Buffer): void => void chunks.push(Buffer.from(chunk));
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  stream.on('data', tap);
  try {
    const { binary = false, values } = options;
    const extended = binary ? { queryMode: 'extended', binary } : {};
    const types = { getTypeParser: () => (value: unknown) => value };
    const config = { text: sql, rowMode: 'array', types, ...extended, ...(values ? { values } : {}) };
    const result = await client.query(config as unknown as pg.QueryArrayConfig);
    const fields = result.fields.map(
      (field): Field => ({
        name: field.name,
        tableOid: field.tableID,
        attnum: field.columnID,
        typeOid: field.dataTypeID,
        format: (field.format as unknown) === 'binary' ? 1 : 0,
      }),
    );
    return { fields, rows: dataRows(Buffer.concat(chunks)) };
  } finally {
    stream.off('data', tap);
  }
}

export async function queryRows(client: pg.Client, sql: string): Promise<(string | null)[][]> {
  const types = { getTypeParser: () => (value: string) => value };
  const result = await client.query({ text: sql, rowMode: 'array', types } as unknown as pg.QueryArrayConfig);
  return result.rows as (string | null)[][];
}

export async function openWorld(
  version: 15 | 18,
  options: {
    readonly scanner?: Scanner;
    readonly masking?: Partial<MaskingSettings>;
    readonly revealed?: readonly string[];
  } = {},
): Promise<World> {
  await loadModule();
  const server = await startPostgres({ version });
  await server.query(worldSql());
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    ...server.superuser,
    database: 'postgres',
  });
  await client.connect();
  const loader = new pg.Client({
    host: server.host,
    port: server.port,
    ...server.superuser,
    database: 'postgres',
  });
  await loader.connect();
  let catalogue = await loadCatalogue((sql) => queryRows(loader, sql), 1);
  const named = new Map<string, StatementUnit>();
  const masker = createMasker({
    connection: connectionWith(options.masking ?? {}),
    revealed: { columns: new Set(options.revealed ?? []), dataTypes: new Set() },
    scanner: options.scanner ?? NO_SCANNER,
    hashKey: Buffer.alloc(32, 7),
    parse,
  });
  const notices: Map<string, string>[] = [];
  client.on('notice', (notice) => notices.push(messageFields(notice)));

  const run: World['run'] = async (sql, { binary = false, values } = {}) => {
    const unit = unitOf(sql, named);
    const plan = masker.plan(unit, catalogue);
    notices.length = 0;
    const scrubbed = () => notices.map((notice) => masker.scrub(plan, notice));
    try {
      const { fields, rows: raw } = await rawQuery(client, sql, { binary, values });
      remember(unit, named);
      const mask = masker.columns(plan, fields, catalogue);
      const rows = raw.map((row) =>
        row.map((bytes, index) => {
          if (bytes === null) return null;
          const masked = mask.cells[index]?.(bytes, 0, bytes.length);
          if (masked === null) return null;
          return Buffer.from(masked ?? bytes).toString(fields[index]?.format === 1 ? 'latin1' : 'utf8');
        }),
      );
      masker.saw(mask, rows.length);
      return { plan, rows, fields, notices: scrubbed() };
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return {
        plan,
        rows: [],
        fields: [],
        error: masker.scrub(plan, messageFields(error)),
        notices: scrubbed(),
      };
    }
  };

  const copy: World['copy'] = async (sql) => {
    const plan = masker.plan(unitOf(sql), catalogue);
    const stream = client.query(copyTo(sql));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const rows = Buffer.concat(chunks)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
    const mask = masker.copyOut(plan, rows[0]?.length ?? 0, false, catalogue);
    if (!mask) return { plan, text: undefined };
    const masked = rows.map((row) =>
      row.map((value, index) => {
        if (value === '\\N') return value;
        const bytes = Buffer.from(value);
        const out = mask.cells[index]?.(bytes, 0, bytes.length);
        return out === undefined ? value : out === null ? '\\N' : Buffer.from(out).toString('utf8');
      }),
    );
    return { plan, text: masked.map((row) => row.join('\t')).join('\n') };
  };

  return {
    server,
    client,
    masker,
    catalogue: () => catalogue,
    refresh: async () => {
      catalogue = await loadCatalogue((sql) => queryRows(loader, sql), catalogue.version + 1);
    },
    run,
    plan: (sql) => masker.plan(unitOf(sql, named), catalogue),
    copy,
    stop: async () => {
      await client.end();
      await loader.end();
      await server.stop();
    },
  };
}

/** Six characters of the value, as they look in each encoding. */
const PIECES: readonly { readonly size: number; readonly encode: (secret: string) => readonly string[] }[] = [
  {
    size: 6,
    encode: (secret) => [secret, secret.toUpperCase()].flatMap((one) => [one, [...one].reverse().join('')]),
  },
  { size: 12, encode: (secret) => [Buffer.from(secret).toString('hex')] },
  {
    size: 8,
    encode: (secret) =>
      ['', 'a', 'ab'].map((pad) => {
        const encoded = Buffer.from(pad + secret).toString('base64');
        return encoded.slice(4, encoded.length - 4);
      }),
  },
];

/** Numbers as int8 and int4 send them in binary, read as Latin-1. */
function binaryNumber(digits: string, size: 4 | 8): string {
  const bytes = Buffer.alloc(size);
  if (size === 8) bytes.writeBigInt64BE(BigInt(digits));
  else bytes.writeInt32BE(Number(digits));
  return bytes.toString('latin1');
}

const NEEDLES: readonly string[] = [
  ...SECRETS.account.map((digits) => binaryNumber(digits, 8)),
  ...SECRETS.pin.map((digits) => binaryNumber(digits, 4)),
  ...new Set(
    Object.values(SECRETS)
      .flat()
      .flatMap((secret) =>
        PIECES.flatMap(({ size, encode }) =>
          encode(secret).flatMap((text) =>
            Array.from({ length: Math.max(text.length - size + 1, 1) }, (_, at) => text.slice(at, at + size)),
          ),
        ),
      ),
  ),
];

/** Pieces of protected values found in what a client would see, also across the cells of a row or a column. */
export function leaks(rows: readonly (readonly (string | null)[])[], besides = ''): readonly string[] {
  const byRow = rows.map((row) => row.map((cell) => cell ?? '').join(''));
  const width = Math.max(0, ...rows.map((row) => row.length));
  const byColumn = Array.from({ length: width }, (_, index) => rows.map((row) => row[index] ?? '').join(''));
  const haystack = [...byRow, ...byColumn, ...rows.flat().map((cell) => cell ?? ''), besides].join('\n');
  return NEEDLES.filter((needle) => haystack.includes(needle));
}

export function messageText(answer: Answer): string {
  return [answer.error, ...answer.notices]
    .flatMap((fields) => (fields ? [...fields.values()] : []))
    .join('\n');
}
