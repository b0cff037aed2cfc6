// The questions that the catalogue is read with, PostgreSQL 12 to 18: about everything, or about some objects by oid. Never writes.

/** FirstNormalObjectId: lower oids were shipped with the server. */
export const FIRST_USER_OID = 16384;

/** Oids to read: these, or those a prepared statement is given; everything when undefined. */
export type Only = ReadonlySet<number> | 'given' | undefined;

/** Relations that the snapshot has: indexes and TOAST tables are left out, so that they count as unknown. */
export const RELATION_KINDS = `('r', 'p', 'v', 'm', 'f', 'S', 'c')`;

const isOneOf = (column: string, only: Only): string => {
  if (!only) return 'true';
  return only === 'given'
    ? `${column} = any($1)`
    : `${column} = any('{${[...only].join(',')}}'::pg_catalog.oid[])`;
};

/** Whether definitions are put in words, which takes locks. */
export type Words = 'worded' | 'unread';

const VIEW = `case when c.relkind in ('v', 'm') and c.oid >= ${FIRST_USER_OID} then pg_catalog.pg_get_viewdef(c.oid) end`;

export const relationsSql = (words: Words, only: Only): string =>
  `select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
  ${words === 'worded' ? VIEW : 'null'},
  c.relhastriggers or (c.relhasrules and c.relkind not in ('v', 'm'))
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ${RELATION_KINDS} and ${isOneOf('c.oid', only)}`;

export const columnsSql = (only: Only): string =>
  `select a.attrelid, a.attnum, a.atttypid, a.attname, a.attgenerated <> ''
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where a.attnum > 0 and not a.attisdropped and c.relkind in ${RELATION_KINDS} and ${isOneOf('a.attrelid', only)}
order by a.attrelid, a.attnum`;

export const parentsSql = (only: Only): string =>
  `select inhrelid, inhparent from pg_catalog.pg_inherits where ${isOneOf('inhrelid', only)} order by inhrelid, inhseqno`;

export const dependenciesSql = (only: Only): string => `select distinct r.ev_class, d.refobjid, d.refobjsubid
from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d
  on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
where r.ev_class >= ${FIRST_USER_OID} and r.ev_type = '1' and d.refobjid <> r.ev_class
  and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and ${isOneOf('r.ev_class', only)}`;

export const typesSql = (
  only: Only,
): string => `select oid, typname, typtype, typcategory, typelem, typbasetype, typrelid
from pg_catalog.pg_type where ${isOneOf('oid', only)}`;

export const OPERATORS = `select oprcode::pg_catalog.oid, pg_catalog.concat(oprkind, oprname) from pg_catalog.pg_operator where oid >= ${FIRST_USER_OID}`;

export const CASTS = `select castfunc from pg_catalog.pg_cast where oid >= ${FIRST_USER_OID} and castfunc <> 0`;

/** Event triggers belong to no relation. */
export const EVENT_TRIGGERS = `select evtfoid from pg_catalog.pg_event_trigger where evtenabled <> 'D'`;

/** What of a body can be told without a lock; a body stored parsed leaves an empty text. */
const PLAIN_BODY = `case when p.pronargdefaults = 0 then nullif(p.prosrc, '') end`;

/** `pg_get_function_sqlbody` came with PostgreSQL 14, for bodies that are stored parsed. */
const wordedBody = (serverVersion: number): string =>
  `${serverVersion >= 140_000 ? 'coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)' : 'p.prosrc'}
  || case when p.pronargdefaults > 0 then ' ' || pg_catalog.pg_get_function_arguments(p.oid) else '' end`;

export const functionsSql = (words: Words, serverVersion: number, only: Only): string =>
  `select p.oid, n.nspname, p.proname, l.lanname, p.provolatile,
  p.proretset, p.prosecdef, p.prorettype,
  case when p.proargmodes is not null then
    (select pg_catalog.json_agg(coalesce(p.proargnames[m.i], '') order by m.i)
     from pg_catalog.unnest(p.proargmodes) with ordinality m(mode, i) where m.mode in ('o', 'b', 't')) end,
  case when p.oid >= ${FIRST_USER_OID} and l.lanname not in ('c', 'internal')
    then ${words === 'worded' ? wordedBody(serverVersion) : PLAIN_BODY} end,
  e.extname, p.prokind in ('a', 'w')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
  and d.objsubid = 0 and d.deptype = 'e' and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
left join pg_catalog.pg_extension e on e.oid = d.refobjid
where ${isOneOf('p.oid', only)}`;

/** Generated columns, defaults of columns, and defaults of their domains. */
const expressionsSql = (only: Only): string => `select a.attrelid, a.attnum::int,
  coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), case when t.typtype = 'd' then t.typdefault end)
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
join pg_catalog.pg_type t on t.oid = a.atttypid
where a.attrelid >= ${FIRST_USER_OID} and a.attnum > 0 and not a.attisdropped
  and (d.oid is not null or (t.typtype = 'd' and t.typdefault is not null)) and ${isOneOf('a.attrelid', only)}`;

/** Stand where an expression has the number of its column. */
export const POLICY = '-1';
export const CHECK = '0';

/** Policies, and those checks that call functions not shipped with the server. */
const conditionsSql = (only: Only): string =>
  `select polrelid, ${POLICY}, concat_ws(' ', pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid))
from pg_catalog.pg_policy where ${isOneOf('polrelid', only)}
union all select c.conrelid, ${CHECK}, pg_catalog.pg_get_expr(c.conbin, c.conrelid)
from pg_catalog.pg_constraint c
where c.contype = 'c' and c.conrelid >= ${FIRST_USER_OID} and ${isOneOf('c.conrelid', only)} and exists (
  select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    and d.objid = c.oid and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)`;

/** Code that runs without being named in a statement. */
export const codeSql = (words: Words, only: Only): string =>
  words === 'worded'
    ? `${expressionsSql(only)} union all ${conditionsSql(only)}`
    : 'select null, null, null where false';

export const triggersSql = (only: Only): string =>
  `select tgrelid, tgfoid from pg_catalog.pg_trigger where not tgisinternal and tgenabled <> 'D' and ${isOneOf('tgrelid', only)}`;

/** Relations and functions whose words mention these objects. */
export const dependentsSql = (
  only: Only,
): string => `select distinct coalesce(r.ev_class, a.adrelid, c.conrelid, p.polrelid), f.oid
from pg_catalog.pg_depend d
left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
left join pg_catalog.pg_attrdef a on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and a.oid = d.objid
left join pg_catalog.pg_constraint c on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and c.oid = d.objid
left join pg_catalog.pg_policy p on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and p.oid = d.objid
left join pg_catalog.pg_proc f on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.objid
where d.refclassid in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass,
  'pg_catalog.pg_type'::pg_catalog.regclass) and ${isOneOf('d.refobjid', only)}`;

export const oidsSql = (table: 'pg_class' | 'pg_type' | 'pg_proc'): string =>
  `select oid from pg_catalog.${table}${table === 'pg_class' ? ` where relkind in ${RELATION_KINDS}` : ''}`;
