// Code that runs without being named in a statement: defaults, generated columns, triggers, policies, checks. Must never read user data.
import type { CatalogueQuery } from './catalogue.ts';

type Row = readonly (string | null)[];

const FIRST_USER_OID = 16384;

/** Generated columns, defaults of columns, and defaults of their domains. */
const EXPRESSIONS = `select a.attrelid, a.attnum::int,
  coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), case when t.typtype = 'd' then t.typdefault end)
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
join pg_catalog.pg_type t on t.oid = a.atttypid
where a.attrelid >= ${FIRST_USER_OID} and a.attnum > 0 and not a.attisdropped
  and (d.oid is not null or (t.typtype = 'd' and t.typdefault is not null))`;

/** Policies, and those checks that call functions not shipped with the server. */
const CONDITIONS = `select polrelid, 0, concat_ws(' ', pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid))
from pg_catalog.pg_policy
union all select c.conrelid, 0, pg_catalog.pg_get_expr(c.conbin, c.conrelid)
from pg_catalog.pg_constraint c
where c.contype = 'c' and c.conrelid >= ${FIRST_USER_OID} and exists (
  select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    and d.objid = c.oid and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)`;

/** Event triggers belong to no relation. */
const TRIGGERS = `select tgrelid, tgfoid from pg_catalog.pg_trigger where not tgisinternal and tgenabled <> 'D'
union all select 0, evtfoid from pg_catalog.pg_event_trigger where evtenabled <> 'D'`;

/** Expressions that are put in words, which takes locks. */
export interface WordedCode {
  readonly expressions: readonly Row[];
  readonly conditions: readonly Row[];
}

export const NO_WORDS: WordedCode = { expressions: [], conditions: [] };

export async function readWordedCode(query: CatalogueQuery): Promise<WordedCode> {
  const rows = await query(`${EXPRESSIONS} union all ${CONDITIONS}`);
  return {
    expressions: rows.filter((row) => row[1] !== '0'),
    conditions: rows.filter((row) => row[1] === '0'),
  };
}

/** Oids of functions by what runs them. */
export interface RunBy {
  readonly triggers: readonly Row[];
  readonly eventTriggers: readonly Row[];
}

export async function readTriggers(query: CatalogueQuery): Promise<RunBy> {
  const rows = await query(TRIGGERS);
  return {
    triggers: rows.filter((row) => row[0] !== '0'),
    eventTriggers: rows.filter((row) => row[0] === '0'),
  };
}
