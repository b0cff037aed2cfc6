// What changed in the server's catalogue since it was read: rows written by transactions that were not over then, rows that
// are gone by their number. Whatever cannot be told apart is to be read whole.
import { type Row, text } from './catalogue-rows.ts';
import { FIRST_USER_OID, RELATION_KINDS } from './catalogue-sql.ts';

/** Objects of one kind: how many there are, and which were written since. */
interface Written {
  readonly count: number;
  readonly oids: readonly number[];
}

export interface Changes {
  readonly relations: Written;
  readonly types: Written;
  readonly functions: Written;
  readonly triggers: Written;
  readonly policies: Written;
  /** Relations whose columns, rules, parents, defaults or checks were written. */
  readonly parts: readonly number[];
  /** Differs when anything else did that the snapshot is made of. */
  readonly rest: string;
  /** Schemas as `oid:name`. */
  readonly schemas: readonly string[];
}

/** Oldest transaction that was not over when the head was read, and what else comes with it. */
export interface Head {
  readonly serverVersion: number;
  readonly searchPath: readonly string[];
  readonly naming: string;
  /** Transaction ids with their epoch. */
  readonly since: bigint;
  readonly next: bigint;
}

/** Milliseconds a definition is waited for. */
const LOCK_TIMEOUT = 250;

/** What the server resolves names without a schema by. */
export const NAMING = `pg_catalog.json_build_array(session_user::pg_catalog.text, current_user::pg_catalog.text,
  pg_catalog.current_setting('search_path'))`;

/** First in the transaction, and with every name qualified: the session's own search path is in force. */
export const HEAD = `select pg_catalog.current_setting('server_version_num'),
  pg_catalog.array_to_json(pg_catalog.current_schemas(false)),
  pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s), ${NAMING} from pg_catalog.txid_current_snapshot() s`;

/** With nothing but pg_catalog on the path, definitions come out with every other name qualified. */
export const SETTINGS = `select pg_catalog.set_config('search_path', 'pg_catalog', true),
  pg_catalog.set_config('lock_timeout', '${LOCK_TIMEOUT}', true),
  pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true),
  pg_catalog.set_config('jit', 'off', true)`;

export function readHead(rows: readonly Row[]): Head {
  const [row] = rows;
  return {
    serverVersion: Number(row?.[0]),
    searchPath: JSON.parse(text(row?.[1]) || '[]') as string[],
    naming: text(row?.[4]),
    since: BigInt(text(row?.[2]) || 0),
    next: BigInt(text(row?.[3]) || 0),
  };
}

/** Transaction ids are compared within half of their 32 bits: beyond half of that everything is read again. */
const TOO_LONG_AGO = 2n ** 30n;

export const isLongAgo = (then: Head, now: Head): boolean =>
  now.next < then.since || now.next - then.since > TOO_LONG_AGO;

/** Written by a transaction that was not over then. Worked out once, not for every row. */
const isNew = (since: string) => `age(xmin) <= (select age(${since}))`;

const written = (
  source: string,
  oid: string,
  table: string,
  where: string,
  since: string,
  counted = 'true',
) =>
  `select '${source}', count(*) filter (where ${counted})::text,
  (array_agg(distinct ${oid}) filter (where ${isNew(since)}))::text from ${table} where ${where}`;

/** The same where nobody needs to know how many there are. */
const touched = (oid: string, table: string, where: string, since: string) =>
  `select 'parts', null, array_agg(distinct ${oid})::text from ${table} where ${where} and ${isNew(since)}`;

const rows = (table: string, where = 'true') =>
  `(select concat(count(*), ':', sum(oid::bigint % 1000003 * (xmin::text::bigint % 999983))) from ${table} where ${where})`;

const own = `oid >= ${FIRST_USER_OID}`;

/** Of kinds that change rarely nobody asks which. */
const REST = `concat_ws(',', ${rows('pg_operator', own)}, ${rows('pg_cast', own)}, ${rows('pg_event_trigger')},
  ${rows('pg_language')}, ${rows('pg_extension')})`;

/** Schemas of temporary tables come and go, and are never renamed. */
const SCHEMAS = `array_to_json(array(select concat(oid, ':', nspname) from pg_namespace
  where nspname not like 'pg\\_temp\\_%' and nspname not like 'pg\\_toast\\_temp\\_%' order by oid))`;

export const REST_AND_SCHEMAS = `select ${REST}, ${SCHEMAS}`;

/** `since` is an expression of type xid. Asked behind SETTINGS, so that operators mean the server's own. */
export function changesSql(since: string): string {
  return [
    written('relations', 'oid', 'pg_class', `relkind in ${RELATION_KINDS}`, since),
    written('types', 'oid', 'pg_type', 'true', since),
    written('functions', 'oid', 'pg_proc', 'true', since),
    written('triggers', 'tgrelid', 'pg_trigger', 'not tgisinternal', since, `tgenabled <> 'D'`),
    written('policies', 'polrelid', 'pg_policy', 'true', since),
    touched('attrelid', 'pg_attribute', `attnum > 0 and attrelid >= ${FIRST_USER_OID}`, since),
    touched('ev_class', 'pg_rewrite', own, since),
    touched('inhrelid', 'pg_inherits', 'true', since),
    touched('adrelid', 'pg_attrdef', 'true', since),
    touched('conrelid', 'pg_constraint', `contype = 'c' and conrelid <> 0`, since),
  ].join('\nunion all ');
}

function readWritten(row: Row | undefined): Written {
  const oids = text(row?.[2]);
  return { count: Number(row?.[1]), oids: oids === '' ? [] : oids.slice(1, -1).split(',').map(Number) };
}

export function readChanges(found: readonly Row[], restRows: readonly Row[]): Changes {
  const one = (source: string) => readWritten(found.find(([name]) => name === source));
  return {
    relations: one('relations'),
    types: one('types'),
    functions: one('functions'),
    triggers: one('triggers'),
    policies: one('policies'),
    parts: found.filter(([name]) => name === 'parts').flatMap((row) => readWritten(row).oids),
    ...readRest(restRows),
  };
}

export function readRest(restRows: readonly Row[]): Pick<Changes, 'rest' | 'schemas'> {
  const [row] = restRows;
  return { rest: text(row?.[0]), schemas: JSON.parse(text(row?.[1]) || '[]') as string[] };
}
