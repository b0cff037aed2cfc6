// Which of the server's own functions, operators and relations can show more than their arguments. Data only.

/** Do not reveal their arguments, only how many there are, which are null, or of what type they are. */
export const REVEAL_FREE: ReadonlySet<string> = new Set([
  'count',
  'num_nulls',
  'num_nonnulls',
  'pg_typeof',
  'pg_collation_for',
  'regr_count',
]);

/** Tell positions as window functions; with arguments, as hypothetical-set aggregates, they tell where a value stands. */
export const RANKS: ReadonlySet<string> = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
]);

/**
 * Shipped functions that are not immutable and yet show nothing but their arguments, the clock, the session or the
 * schema. A shipped function that is neither immutable nor here can reach everything.
 */
const CONFINED = new Set(
  `age anytextcat textanycat array_to_json array_to_string array_sample array_shuffle clock_timestamp col_description
  concat concat_ws convert convert_from convert_to current_database current_query current_schema current_schemas
  current_user currval date enum_first enum_last enum_range extract format format_type gen_random_uuid
  generate_series get_current_ts_config getdatabaseencoding getpgusername in_range inet_client_addr
  inet_client_port inet_server_addr inet_server_port jsonb_agg json_agg lastval length make_timestamptz money mxid_age
  nextval now numeric obj_description oidvectortypes overlaps aclexplode amvalidate
  phraseto_tsquery plainto_tsquery quote_literal quote_nullable random random_normal row_security_active
  row_to_json session_user setseed setval shobj_description statement_timestamp system_user time timeofday timestamp
  timestamptz timetz timezone to_char to_date to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector
  transaction_timestamp ts_debug ts_headline ts_match_tq ts_match_tt ts_parse ts_token_type txid_current
  txid_current_if_assigned txid_current_snapshot txid_status uuidv4 uuidv7 version websearch_to_tsquery xml
  xml_is_well_formed pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
  pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_available_extension_versions
  pg_available_extensions pg_backend_pid pg_basetype pg_blocking_pids pg_cancel_backend pg_char_to_encoding
  pg_client_encoding pg_collation_actual_version pg_column_compression pg_column_is_updatable pg_column_size
  pg_conf_load_time pg_current_snapshot pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
  pg_current_xact_id pg_current_xact_id_if_assigned pg_database_size pg_describe_object pg_encoding_to_char
  pg_export_snapshot pg_extension_update_paths pg_filenode_relation pg_has_role pg_identify_object
  pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property
  pg_indexes_size pg_input_is_valid pg_is_in_recovery pg_is_other_temp_schema pg_is_wal_replay_paused
  pg_isolation_test_session_is_blocked pg_jit_available pg_last_wal_receive_lsn pg_last_wal_replay_lsn
  pg_last_xact_replay_timestamp pg_listening_channels pg_lock_status pg_my_temp_schema pg_notification_queue_usage
  pg_notify pg_opclass_is_visible pg_options_to_table pg_partition_ancestors pg_partition_tree
  pg_postmaster_start_time pg_relation_filenode pg_relation_filepath pg_relation_is_publishable
  pg_relation_is_updatable pg_relation_size pg_safe_snapshot_blocking_pids pg_sequence_last_value
  pg_sequence_parameters pg_settings_get_flags pg_show_all_settings pg_size_pretty pg_sleep pg_sleep_for
  pg_sleep_until pg_table_size pg_tablespace_databases pg_tablespace_location pg_tablespace_size
  pg_terminate_backend pg_timezone_abbrevs pg_timezone_names pg_total_relation_size pg_trigger_depth
  pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
  pg_xact_status set_config pg_typeof pg_collation_for`.split(/\s+/),
);

const CONFINED_SHAPES: readonly RegExp[] = [
  /^(date|timestamp|timestamptz|interval)_\w+$/,
  /^jsonb?_(agg|build|object|populate|to_record|to_tsvector|path)\w*$/,
  /^(to_)?reg\w+$/,
  /^has_\w+_privilege$/,
  /^pg_\w+_is_visible$/,
  /^pg_stat_get_(?!activity$|backend_activity$|wal_senders$|wal_receiver$)\w+$/,
  /^pg_get_(?!publication_tables$|aios$|loaded_modules$|replication_slots$|wal)\w+$/,
  // Input, output, send and receive functions of shipped types.
  /^[a-z0-9_]+_(in|out|send|recv)$/,
];

export const isConfined = (name: string): boolean =>
  CONFINED.has(name) || CONFINED_SHAPES.some((shape) => shape.test(name));

/** Volatile functions that keep nothing of their arguments. */
export const KEEPS_NOTHING: ReadonlySet<string> = new Set([
  'array_sample',
  'array_shuffle',
  'random',
  'random_normal',
]);

/** Shipped functions that run SQL given as text, or read by a name given as text. */
export const RUNS_TEXT: ReadonlySet<string> = new Set(
  `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml table_to_xmlschema
  table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml
  database_to_xmlschema database_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema ts_stat ts_rewrite
  lo_get loread lo_export lo_import pg_read_file pg_read_binary_file pg_read_server_files
  pg_logical_slot_get_changes pg_logical_slot_peek_changes pg_logical_slot_get_binary_changes
  pg_logical_slot_peek_binary_changes pg_stat_get_activity pg_stat_get_backend_activity pg_mcv_list_items
  current_setting`.split(/\s+/),
);

/** Extensions whose C functions compute with their arguments alone. */
export const CONFINED_EXTENSIONS: ReadonlySet<string> = new Set([
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'intarray',
  'isn',
  'ltree',
  'pg_trgm',
  'pgcrypto',
  'postgis',
  'seg',
  'tcn',
  'unaccent',
  'uuid-ossp',
  'vector',
]);

/** Columns of shipped relations that hold samples of user data or other people's statements. */
export const REVEALING_COLUMNS: Readonly<Record<string, ReadonlySet<string>>> = {
  pg_stat_activity: new Set(['query']),
  pg_stats: new Set(['most_common_vals', 'histogram_bounds', 'most_common_elems', 'range_bounds_histogram']),
  pg_statistic: new Set(['stavalues1', 'stavalues2', 'stavalues3', 'stavalues4', 'stavalues5']),
  pg_stats_ext: new Set(['most_common_vals']),
  pg_stats_ext_exprs: new Set(['most_common_vals', 'histogram_bounds', 'most_common_elems']),
  pg_statistic_ext_data: new Set(['stxdmcv', 'stxdexpr']),
  pg_largeobject: new Set(['data']),
  pg_attribute: new Set(['attmissingval']),
  pg_user_mapping: new Set(['umoptions']),
  pg_user_mappings: new Set(['umoptions']),
};

/** Every operator name of pg_catalog, PostgreSQL 12 to 18. */
export const OPERATORS: ReadonlySet<string> = new Set(
  `!! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<| <= <>
  <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~
  ~~ ~~* != !`.split(/\s+/),
);

/** Operator-like words the grammar puts where an operator name stands. */
export const OPERATOR_WORDS: ReadonlySet<string> = new Set([
  'BETWEEN',
  'NOT BETWEEN',
  'BETWEEN SYMMETRIC',
  'NOT BETWEEN SYMMETRIC',
  'IS DISTINCT FROM',
  'IS NOT DISTINCT FROM',
  'NULLIF',
]);

/** Pseudo-types that stand for whatever the arguments are (pg_type.dat). */
export const POLYMORPHIC: ReadonlySet<number> = new Set([
  2276, 2277, 2283, 2776, 3500, 3831, 4537, 5077, 5078, 5079, 5080,
]);
