// A short text that differs after anything a mask or a policy depends on has changed, whoever changed it. Cheap enough to ask often.
import type { CatalogueQuery } from './catalogue.ts';

const SYSTEM = `('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace, 'pg_toast'::pg_catalog.regnamespace)`;

/** Rows of a system table by identity and the transaction that wrote them: every DDL rewrites some of them. */
const rows = (table: string, identity: string, where = 'true') =>
  `(select pg_catalog.concat(count(*), ':', sum((${identity})::bigint % 1000003 * (xmin::text::bigint % 999983))) from pg_catalog.${table} where ${where})`;

const FIRST_USER_OID = 16_384;

const MARK = `select pg_catalog.concat_ws(',',
  ${rows('pg_class', 'oid::bigint', `relnamespace not in ${SYSTEM}`)},
  ${rows('pg_attribute', 'attrelid::bigint * 1664 + attnum', `attrelid >= ${FIRST_USER_OID} and attnum > 0`)},
  ${rows('pg_rewrite', 'oid::bigint', `oid >= ${FIRST_USER_OID}`)},
  ${rows('pg_inherits', 'inhrelid::bigint')},
  ${rows('pg_namespace', 'oid::bigint')},
  ${rows('pg_type', 'oid::bigint', `oid >= ${FIRST_USER_OID}`)},
  ${rows('pg_proc', 'oid::bigint', `oid >= ${FIRST_USER_OID}`)},
  ${rows('pg_attrdef', 'oid::bigint')},
  ${rows('pg_trigger', 'oid::bigint', 'not tgisinternal')},
  ${rows('pg_policy', 'oid::bigint')},
  ${rows('pg_event_trigger', 'oid::bigint')},
  ${rows('pg_cast', 'oid::bigint', `oid >= ${FIRST_USER_OID}`)},
  ${rows('pg_operator', 'oid::bigint', `oid >= ${FIRST_USER_OID}`)})`;

export async function catalogueMark(query: CatalogueQuery): Promise<string> {
  return (await query(MARK))[0]?.[0] ?? '';
}
