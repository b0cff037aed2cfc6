// Functions of the server that do more than compute: one row each.
import type { ActionId } from '../../../model/action.ts';
import type { Reading } from '../reading.ts';
import { constantString } from '../tree.ts';
import { changeSetting } from './settings.ts';

type EffectRow = (reading: Reading, name: string, args: readonly unknown[]) => void;

const act =
  (...actions: readonly ActionId[]): EffectRow =>
  (reading) => {
    for (const action of actions) reading.found.act(action);
  };

/** Reads or changes the server itself. */
const server: EffectRow = (reading, name) =>
  reading.found.actOnFunction('sql:server-function', `pg_catalog.${name}`);

/** `'schema.table'` or `'"Table"'` as regclass reads it: unquoted parts fold to lower case. */
function relationParts(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '').trim().toLowerCase() : quoted.replaceAll('""', '"'),
  );
}

/** An action on the relation named by the first argument; on the whole connection where that is not a constant. */
const onRelation =
  (action: ActionId): EffectRow =>
  (reading, _name, [first]) => {
    const text = constantString(first);
    if (text === undefined || /^\d+$/.test(text)) {
      reading.found.act(action === 'sql:select' ? 'sql:unknown' : action);
      return;
    }
    const { targets, known } = reading.names.relationParts(relationParts(text));
    reading.found.unresolved ||= !known;
    for (const target of targets) reading.found.actOnTable(action, target.name);
  };

/** SQL in a string: read when it is a constant, unknown otherwise. */
const runsText =
  (...positions: readonly number[]): EffectRow =>
  (reading, name, args) => {
    for (const position of positions) {
      const text = constantString(args[position]);
      if (text === undefined) reading.found.actOnFunction('sql:unknown', `pg_catalog.${name}`);
      else reading.sql(text);
    }
  };

/** ts_rewrite(query, text) runs SQL; ts_rewrite(query, target, substitute) does not. */
const rewrite: EffectRow = (reading, name, args) => {
  if (args.length !== 3) runsText(1)(reading, name, args);
};

const setConfig: EffectRow = (reading, name, [setting, value]) => {
  const text = constantString(setting);
  if (text !== undefined) return changeSetting(reading, text, constantString(value));
  reading.found.actOnFunction('sql:unknown', `pg_catalog.${name}`);
  reading.found.effect = { kind: 'search-path' };
};

const unreadable: EffectRow = (reading, name) =>
  reading.found.actOnFunction('sql:unknown', `pg_catalog.${name}`);

const LARGE_OBJECTS =
  'lo_close lo_creat lo_create lo_from_bytea lo_get lo_lseek lo_lseek64 lo_open lo_put lo_tell lo_tell64 ' +
  'lo_truncate lo_truncate64 lo_unlink loread lowrite';
const LOCKS =
  'pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared ' +
  'pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared ' +
  'pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared';
const SERVER =
  'pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir ' +
  'pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir ' +
  'pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_terminate_backend ' +
  'pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_switch_wal pg_promote pg_backup_start ' +
  'pg_backup_stop pg_start_backup pg_stop_backup pg_create_restore_point pg_export_snapshot ' +
  'pg_import_system_collations pg_extension_config_dump pg_logical_emit_message pg_wal_replay_pause ' +
  'pg_wal_replay_resume pg_log_backend_memory_contexts pg_stat_reset pg_stat_reset_shared pg_file_write ' +
  'pg_file_unlink pg_file_rename pg_file_sync pg_logdir_ls pg_config';
const REPLICATION =
  'pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot ' +
  'pg_copy_physical_replication_slot pg_drop_replication_slot pg_logical_slot_get_changes ' +
  'pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes ' +
  'pg_replication_slot_advance pg_sync_replication_slots pg_replication_origin_advance pg_replication_origin_create ' +
  'pg_replication_origin_drop pg_replication_origin_session_setup pg_replication_origin_session_reset ' +
  'pg_replication_origin_xact_setup pg_replication_origin_xact_reset';

const rows = (names: string, row: EffectRow): [string, EffectRow][] =>
  names.split(' ').map((name) => [name, row]);

export const EFFECTS: ReadonlyMap<string, EffectRow> = new Map<string, EffectRow>([
  ...rows(LARGE_OBJECTS, act('sql:large-object')),
  ...rows('lo_import lo_export', act('sql:large-object', 'sql:copy-file')),
  ...rows(LOCKS, act('sql:lock')),
  ...rows(SERVER, server),
  ...rows(REPLICATION, act('sql:replication')),
  ...rows('nextval setval', onRelation('sql:update')),
  ...rows('table_to_xml table_to_xmlschema table_to_xml_and_xmlschema', onRelation('sql:select')),
  ...rows('brin_summarize_new_values brin_summarize_range brin_desummarize_range', act('sql:maintain')),
  ...rows('gin_clean_pending_list', act('sql:maintain')),
  ...rows('query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat', runsText(0)),
  ['ts_rewrite', rewrite],
  ['set_config', setConfig],
  ['pg_notify', act('sql:notify')],
  // A cursor by name, a whole schema, a whole database: what is read cannot be told from the call.
  ...rows('cursor_to_xml cursor_to_xmlschema schema_to_xml schema_to_xmlschema', unreadable),
  ...rows('schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema', unreadable),
  ...rows('database_to_xml_and_xmlschema', unreadable),
]);
