// Reads the server's catalogue into the model's snapshot, PostgreSQL 12 to 18. Must never write, and never read user data.
import type {
  Catalogue,
  CatalogueColumn,
  CatalogueFunction,
  CatalogueRelation,
  CatalogueType,
  RelationKind,
} from '../../model/catalogue.ts';
import { NO_WORDS, type RunBy, readTriggers, readWordedCode, type WordedCode } from './catalogue-code.ts';

export type CatalogueQuery = (sql: string) => Promise<(string | null)[][]>;
type Row = readonly (string | null)[];

/** FirstNormalObjectId: lower oids were shipped with the server. */
const FIRST_USER_OID = 16384;

/** Milliseconds a definition is waited for. */
const LOCK_TIMEOUT = 250;

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialised',
  f: 'foreign',
  S: 'sequence',
  i: 'index',
  I: 'index',
  c: 'composite',
  t: 'toast',
};

// Indexes and TOAST tables are left out: what is not in the snapshot counts as unknown.
const VIEW = `case when c.relkind in ('v', 'm') and c.oid >= ${FIRST_USER_OID} then pg_catalog.pg_get_viewdef(c.oid) end`;
const relationsSql = (
  definition: string,
): string => `select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
  ${definition},
  c.relhastriggers or (c.relhasrules and c.relkind not in ('v', 'm'))
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')`;

const COLUMNS = `select a.attrelid, a.attnum, a.atttypid, a.attname, a.attgenerated <> ''
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
order by a.attrelid, a.attnum`;

const PARENTS = 'select inhrelid, inhparent from pg_catalog.pg_inherits order by inhrelid, inhseqno';

const DEPENDENCIES = `select distinct r.ev_class, d.refobjid, d.refobjsubid
from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
  on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
where r.ev_class >= ${FIRST_USER_OID} and r.ev_type = '1' and d.refobjid <> r.ev_class
  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass`;

const TYPES = `select oid, typname, typtype, typcategory, typelem, typbasetype, typrelid
from pg_catalog.pg_type`;

const OPERATORS = `select oprcode::pg_catalog.oid, pg_catalog.concat(oprkind, oprname) from pg_catalog.pg_operator where oid >= ${FIRST_USER_OID}`;

const CASTS = `select castfunc from pg_catalog.pg_cast where oid >= ${FIRST_USER_OID} and castfunc <> 0`;

/** `pg_get_function_sqlbody` came with PostgreSQL 14, for bodies that are stored parsed. */
const functionBody = (serverVersion: number): string =>
  `${serverVersion >= 140_000 ? 'coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)' : 'p.prosrc'}
  || case when p.pronargdefaults > 0 then ' ' || pg_catalog.pg_get_function_arguments(p.oid) else '' end`;

/** What of a body can be told without a lock; a body stored parsed leaves an empty text. */
const PLAIN_BODY = `case when p.pronargdefaults = 0 then nullif(p.prosrc, '') end`;

const functionsSql = (body: string): string => `select p.oid, n.nspname, p.proname, l.lanname, p.provolatile,
  p.proretset, p.prosecdef, p.prorettype,
  case when p.proargmodes is not null then
    (select pg_catalog.json_agg(coalesce(p.proargnames[m.i], '') order by m.i)
     from pg_catalog.unnest(p.proargmodes) with ordinality m(mode, i) where m.mode in ('o', 'b', 't')) end,
  case when p.oid >= ${FIRST_USER_OID} and l.lanname not in ('c', 'internal') then ${body} end,
  e.extname, p.prokind in ('a', 'w')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
  and d.objsubid = 0 and d.deptype = 'e' and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
left join pg_catalog.pg_extension e on e.oid = d.refobjid`;

const text = (value: string | null | undefined): string => value ?? '';

/** Gathers rows by the oid in their first column. */
function group<T>(rows: readonly Row[], make: (row: Row) => T): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const oid = Number(row[0]);
    const list = groups.get(oid);
    if (list) list.push(make(row));
    else groups.set(oid, [make(row)]);
  }
  return groups;
}

/** The property, when there is something to say. */
const given = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });

/** Columns with what fills them. */
function toColumn(code: WordedCode): (row: Row) => CatalogueColumn {
  const filledBy = new Map(code.expressions.map((row) => [`${row[0]}.${row[1]}`, text(row[2])]));
  return (row) => ({
    attnum: Number(row[1]),
    typeOid: Number(row[2]),
    name: text(row[3]),
    ...given('filledBy', filledBy.get(`${row[0]}.${row[1]}`)),
    ...(row[4] === 't' ? { generated: true } : {}),
  });
}

interface RelationParts {
  readonly columns: ReadonlyMap<number, readonly CatalogueColumn[]>;
  readonly parents: ReadonlyMap<number, readonly number[]>;
  readonly dependencies: ReadonlyMap<number, readonly { readonly oid: number; readonly attnum: number }[]>;
  readonly triggers: ReadonlyMap<number, readonly number[]>;
  readonly conditions: ReadonlyMap<number, readonly string[]>;
}

function toRelation(row: Row, parts: RelationParts): CatalogueRelation {
  const oid = Number(row[0]);
  return {
    oid,
    schema: text(row[1]),
    name: text(row[2]),
    kind: KINDS[text(row[3])] ?? 'other',
    columns: parts.columns.get(oid) ?? [],
    parents: parts.parents.get(oid) ?? [],
    dependsOn: parts.dependencies.get(oid) ?? [],
    ...(row[5] == null ? {} : { definition: row[5] }),
    acts: row[6] === 't',
    ...given('triggers', parts.triggers.get(oid)),
    ...given('conditions', parts.conditions.get(oid)),
    temporary: row[4] === 't',
  };
}

function toFunction(row: Row): CatalogueFunction {
  const oid = Number(row[0]);
  return {
    oid,
    schema: text(row[1]),
    name: text(row[2]),
    language: text(row[3]),
    volatility: text(row[4]),
    returnsSet: row[5] === 't',
    securityDefiner: row[6] === 't',
    builtin: oid < FIRST_USER_OID,
    aggregate: row[11] === 't',
    resultOid: Number(row[7]),
    columns: row[8] == null ? [] : (JSON.parse(row[8]) as string[]),
    ...(row[9] == null ? {} : { body: row[9] }),
    ...(row[10] == null ? {} : { extension: row[10] }),
  };
}

const toType = (row: Row): CatalogueType => ({
  oid: Number(row[0]),
  name: text(row[1]),
  kind: text(row[2]),
  category: text(row[3]),
  elementOid: Number(row[4]),
  baseOid: Number(row[5]),
  relationOid: Number(row[6]),
});

interface Answers extends Defined {
  readonly serverVersion: number;
  readonly searchPath: readonly string[];
  readonly parts: RelationParts;
  readonly types: readonly Row[];
  readonly operators: readonly Row[];
  readonly casts: readonly Row[];
  readonly runBy: RunBy;
}

interface Defined {
  readonly code: WordedCode;
  readonly relations: readonly Row[];
  readonly functions: readonly Row[];
  readonly partial: boolean;
}

/**
 * Definitions are put in words under locks, which another transaction, this session's own among them, may hold for as
 * long as it likes: then they stay unread, and what they define counts as unknown.
 */
async function readDefined(query: CatalogueQuery, serverVersion: number): Promise<Defined> {
  const read = async (view: string, body: string, partial: boolean): Promise<Defined> => ({
    relations: await query(relationsSql(view)),
    functions: await query(functionsSql(body)),
    code: partial ? NO_WORDS : await readWordedCode(query),
    partial,
  });
  await query('savepoint definitions');
  try {
    return await read(VIEW, functionBody(serverVersion), false);
  } catch {
    await query('rollback to savepoint definitions');
    return read('null', PLAIN_BODY, true);
  }
}

async function readAll(query: CatalogueQuery): Promise<Answers> {
  const [head] = await query(
    `select pg_catalog.current_setting('server_version_num'), pg_catalog.array_to_json(pg_catalog.current_schemas(false))`,
  );
  const serverVersion = Number(head?.[0]);
  // With nothing but pg_catalog on the path, view definitions come out with every other name qualified.
  await query(
    `select pg_catalog.set_config('search_path', 'pg_catalog', true),
       pg_catalog.set_config('lock_timeout', '${LOCK_TIMEOUT}', true)`,
  );
  const defined = await readDefined(query, serverVersion);
  const columns = group(await query(COLUMNS), toColumn(defined.code));
  const parents = group(await query(PARENTS), (row) => Number(row[1]));
  const dependencies = group(await query(DEPENDENCIES), (row) => ({
    oid: Number(row[1]),
    attnum: Number(row[2]),
  }));
  const runBy = await readTriggers(query);
  const triggers = group(runBy.triggers, (row) => Number(row[1]));
  const conditions = group(defined.code.conditions, (row) => text(row[2]));
  return {
    serverVersion,
    searchPath: JSON.parse(text(head?.[1]) || '[]') as string[],
    ...defined,
    runBy,
    parts: { columns, parents, dependencies, triggers, conditions },
    types: await query(TYPES),
    operators: await query(OPERATORS),
    casts: await query(CASTS),
  };
}

function assemble(answers: Answers, version: number): Catalogue {
  const relations = new Map<number, CatalogueRelation>();
  const relationByName = new Map<string, number>();
  for (const row of answers.relations) {
    const relation = toRelation(row, answers.parts);
    relations.set(relation.oid, relation);
    relationByName.set(`${relation.schema}.${relation.name}`, relation.oid);
  }
  const functionsByName = new Map<string, CatalogueFunction[]>();
  for (const row of answers.functions) {
    const made = toFunction(row);
    const list = functionsByName.get(made.name);
    if (list) list.push(made);
    else functionsByName.set(made.name, [made]);
  }
  const operators = new Map<string, number[]>();
  for (const [oid, name] of answers.operators)
    operators.set(text(name), [...(operators.get(text(name)) ?? []), Number(oid)]);
  const { serverVersion, searchPath } = answers;
  return {
    version,
    serverVersion,
    searchPath,
    relations,
    relationByName,
    functionsByName,
    types: new Map(answers.types.map(toType).map((type) => [type.oid, type])),
    operators,
    castFunctions: answers.casts.map(([oid]) => Number(oid)),
    eventTriggers: answers.runBy.eventTriggers.map((row) => Number(row[1])),
    ...(answers.partial ? { partial: true } : {}),
  };
}

/**
 * One consistent snapshot, in a transaction of its own: `query` must be outside of any transaction. `version` is
 * the snapshot's number, greater than that of any earlier one.
 */
export async function loadCatalogue(query: CatalogueQuery, version: number): Promise<Catalogue> {
  await query('begin isolation level repeatable read read only');
  try {
    return assemble(await readAll(query), version);
  } finally {
    await query('rollback');
  }
}
