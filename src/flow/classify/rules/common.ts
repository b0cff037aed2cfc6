// Functions every server has and that only compute. Used only where no server's catalogue is at hand.

export const COMMON: ReadonlySet<string> = new Set(
  (
    'abs acos age array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims ' +
    'array_position array_positions array_prepend array_remove array_replace array_to_json array_to_string ' +
    'array_upper ascii asin atan atan2 avg bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt ceil ' +
    'ceiling char_length character_length chr coalesce col_description concat concat_ws corr cos count cume_dist ' +
    'current_catalog current_database current_schema current_schemas current_setting current_user date_bin ' +
    'date_part date_trunc decode degrees dense_rank div encode every exp extract factorial first_value floor format ' +
    'format_type gcd generate_series generate_subscripts get_bit get_byte greatest has_column_privilege ' +
    'has_database_privilege has_function_privilege has_schema_privilege has_sequence_privilege has_table_privilege ' +
    'host initcap isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array ' +
    'json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object ' +
    'json_object_agg json_object_keys json_populate_record json_strip_nulls json_to_record json_typeof jsonb_agg ' +
    'jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object ' +
    'jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object ' +
    'jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query jsonb_pretty jsonb_set jsonb_strip_nulls ' +
    'jsonb_to_record jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least left ' +
    'length like ln log log10 lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz ' +
    'max md5 min mod mode normalize notlike now nth_value ntile nullif num_nonnulls num_nulls obj_description ' +
    'octet_length overlaps overlay percent_rank percentile_cont percentile_disc pg_backend_pid pg_client_encoding ' +
    'pg_collation_for pg_collation_is_visible pg_column_size pg_encoding_to_char pg_function_is_visible ' +
    'pg_get_constraintdef pg_get_expr pg_get_function_arguments pg_get_function_identity_arguments ' +
    'pg_get_function_result pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partkeydef pg_get_ruledef ' +
    'pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_triggerdef ' +
    'pg_get_userbyid pg_get_viewdef pg_has_role pg_index_column_has_property pg_is_other_temp_schema ' +
    'pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible pg_postmaster_start_time pg_relation_filenode ' +
    'pg_relation_is_publishable pg_size_bytes pg_size_pretty pg_statistics_obj_is_visible pg_table_is_visible ' +
    'pg_tablespace_location pg_trigger_depth pg_ts_config_is_visible pg_ts_dict_is_visible pg_type_is_visible ' +
    'pg_typeof phraseto_tsquery pi plainto_tsquery position power quote_ident quote_literal quote_nullable radians ' +
    'rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array ' +
    'regexp_split_to_table regexp_substr repeat replace reverse right round row_number row_to_json rpad rtrim scale ' +
    'session_user sha224 sha256 sha384 sha512 shobj_description sign similar_to_escape sin split_part sqrt ' +
    'starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table ' +
    'strpos substr substring sum tan text timezone to_char to_date to_hex to_json to_jsonb to_number to_regclass ' +
    'to_regnamespace to_regproc to_regrole to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp ' +
    'translate trunc ts_headline ts_rank txid_current txid_current_if_assigned unnest upper user var_pop var_samp ' +
    'variance version websearch_to_tsquery width_bucket xmlagg xmlforest xpath'
  ).split(' '),
);
