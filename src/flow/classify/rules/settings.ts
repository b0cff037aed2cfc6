// Settings: which of them change what later texts mean, who the session is, or where names are looked up.
import type { ActionId } from '../../../model/action.ts';
import type { Reading } from '../reading.ts';

/** Change how texts are read or guarded, or switch off what protects the data. */
const MEANING = new Set([
  'allow_system_table_mods',
  'array_nulls',
  'backslash_quote',
  'bytea_output',
  'client_encoding',
  'default_transaction_read_only',
  'dynamic_library_path',
  'ignore_checksum_failure',
  'ignore_invalid_pages',
  'lo_compat_privileges',
  'local_preload_libraries',
  'log_duration',
  'log_min_duration_statement',
  'log_min_error_statement',
  'log_min_messages',
  'log_statement',
  'names',
  'quote_all_identifiers',
  'restrict_nonsystem_relation_kind',
  'row_security',
  'session_preload_libraries',
  'session_replication_role',
  'sql_inheritance',
  'standard_conforming_strings',
  'transaction_read_only',
  'transform_null_equals',
  'xmlbinary',
  'xmloption',
  'zero_damaged_pages',
]);

/** Values that leave things as this product needs them. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  client_encoding: /^utf-?8$|^unicode$/i,
  names: /^utf-?8$|^unicode$/i,
  standard_conforming_strings: /^(?:on|true|yes|1)$/i,
  row_security: /^(?:on|true|yes|1)$/i,
  backslash_quote: /^(?:safe_encoding|off|no|false|0)$/i,
  bytea_output: /^hex$/i,
  xmloption: /^content$/i,
  default_transaction_read_only: /^(?:on|true|yes|1)$/i,
  transaction_read_only: /^(?:on|true|yes|1)$/i,
  array_nulls: /^(?:on|true|yes|1)$/i,
  transform_null_equals: /^(?:off|false|no|0)$/i,
};

const ROLE = new Set(['role', 'session_authorization']);

function actionFor(name: string, value: string | undefined): ActionId {
  if (name === 'search_path') return 'sql:search-path';
  if (ROLE.has(name)) return 'sql:set-role';
  if (!MEANING.has(name)) return 'sql:set';
  const harmless = value === undefined ? undefined : HARMLESS[name];
  return harmless?.test(value ?? '') ? 'sql:set' : 'sql:set-meaning';
}

/** `value` is undefined where it is not a constant, or goes back to a default. Names are not case-sensitive. */
export function changeSetting(reading: Reading, name: string, value: string | undefined): void {
  const lower = name.toLowerCase();
  reading.found.act(actionFor(lower, value));
  if (lower === 'search_path') reading.found.effect = { kind: 'search-path' };
}
