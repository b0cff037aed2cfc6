// What code that can read protected values may leave behind: rows in new relations, settings, names. Judged by its words;
// finding too much is fine. Afterwards those places are not taken as clean any more.
import type { CatalogueFunction } from '../../../model/catalogue.ts';
import type { Facts } from './facts.ts';
import { isClean } from './label.ts';
import { identifiers } from './mentions.ts';

export type Effect = 'rows' | 'settings' | 'names';

/** What code that could read protected values left behind in this session, and the relations there were before. */
export interface Leftovers {
  readonly effects: ReadonlySet<Effect>;
  readonly before: ReadonlySet<number>;
}

const ALL: readonly Effect[] = ['rows', 'settings', 'names'];

/** Words of a body that writes rows. */
const WRITES = ['create', 'insert', 'update', 'merge', 'copy', 'import', 'execute', 'prepare', 'into'];

/** Commands that name things, when they are put together as text. */
const NAMES = ['create', 'alter', 'comment', 'rename', 'grant', 'security', 'listen', 'role'];

function ofWords(words: ReadonlySet<string>): Effect[] {
  const dynamic = words.has('execute') || words.has('dblink') || words.has('dblink_exec');
  const effects: Effect[] = [];
  if (WRITES.some((word) => words.has(word))) effects.push('rows');
  if (words.has('set_config') || (dynamic && (words.has('set') || words.has('reset'))))
    effects.push('settings');
  if (dynamic && NAMES.some((word) => words.has(word))) effects.push('names');
  return effects;
}

function collect(facts: Facts, one: CatalogueFunction, seen: Set<number>, found: Set<Effect>): void {
  if (one.builtin || seen.has(one.oid)) return;
  seen.add(one.oid);
  if (one.body === undefined || (one.language !== 'sql' && one.language !== 'plpgsql')) {
    for (const effect of ALL) found.add(effect);
    return;
  }
  const words = identifiers(one.body);
  for (const effect of ofWords(words)) found.add(effect);
  for (const word of words)
    for (const called of facts.catalogue.functionsByName.get(word) ?? []) collect(facts, called, seen, found);
}

/** What a call may leave behind of protected values; nothing where it cannot see any. */
export function effectsOf(facts: Facts, functions: readonly CatalogueFunction[]): ReadonlySet<Effect> {
  const found = new Set<Effect>();
  for (const one of functions) {
    if (one.builtin || one.volatility !== 'v' || isClean(facts.functionReach(one))) continue;
    if (one.extension === undefined) collect(facts, one, new Set(), found);
  }
  return found;
}

/** Shipped functions that show settings, comments or names. */
const SHOWS: Readonly<Record<Exclude<Effect, 'rows'>, RegExp>> = {
  settings: /^(?:current_setting|current_schemas?|pg_show_all_settings|pg_listening_channels)$/,
  names:
    /^(?:\w+_description|pg_get_\w+|pg_describe_object|pg_identify_\w+|format_type|pg_listening_channels)$/,
};

/** Whether a shipped function may show what such code left behind. */
export function showsLeftovers(name: string, left: ReadonlySet<Effect>): boolean {
  return (left.has('settings') && SHOWS.settings.test(name)) || (left.has('names') && SHOWS.names.test(name));
}

/** Shipped relations that show settings. */
const SETTINGS: ReadonlySet<string> = new Set([
  'pg_settings',
  'pg_stat_activity',
  'pg_db_role_setting',
  'pg_file_settings',
  'pg_user',
  'pg_shadow',
  'pg_roles',
]);

/** text, name, and arrays of them. */
const WORDED: ReadonlySet<number> = new Set([25, 19, 1009, 1003]);

/** Whether a column of a shipped relation may show what such code left behind. */
export function columnShowsLeftovers(
  relation: string,
  typeOid: number,
  left: ReadonlySet<Effect> | undefined,
): boolean {
  if (!left || !WORDED.has(typeOid)) return false;
  return left.has('names') || (left.has('settings') && SETTINGS.has(relation));
}
