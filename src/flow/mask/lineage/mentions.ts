// Judges the text of a function body, DO block or view by the identifiers in it. For texts that are not resolved name
// by name: whatever could reach a protected column must be found, and finding too much is fine.

import { RUNS_TEXT } from './builtins.ts';
import type { Facts } from './facts.ts';
import { CLEAN, derive, isClean, type Label, UNKNOWN } from './label.ts';

/** Words by which a body runs text it has put together, or names things in a way not read here. */
const DYNAMIC: ReadonlySet<string> = new Set([
  'execute',
  'dblink',
  'prepare',
  'copy',
  'load',
  'import',
  'fetch',
]);

/** `everything`: relations and functions. `functions`: only functions; the caller knows the relations. */
export type Extent = 'everything' | 'functions';

/** Identifiers of a text as the server would fold them; quoted ones keep their case. */
export function identifiers(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [word] of text.matchAll(/"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu)) {
    if (word.startsWith('"')) {
      const inner = word.slice(1, -1).replaceAll('""', '"');
      found.add(inner);
      // The quote may belong to a string: look at the words inside as well.
      for (const [plain] of inner.matchAll(/[\p{L}_][\p{L}\p{N}_$]*/gu)) found.add(plain.toLowerCase());
    } else found.add(word.toLowerCase());
  }
  return found;
}

function functionLabel(facts: Facts, word: string): Label {
  if (RUNS_TEXT.has(word) && word !== 'current_setting') return UNKNOWN;
  const functions = facts.catalogue.functionsByName.get(word);
  if (!functions) return CLEAN;
  return derive(functions.filter((one) => !one.builtin).map((one) => facts.functionReach(one)));
}

function relationLabel(facts: Facts, word: string): Label {
  return derive(facts.relationsNamed(word).map((relation) => facts.reach(relation)));
}

/** `self` is the name of the function whose body this is: a function may call itself. */
export function mentions(facts: Facts, text: string, extent: Extent, self?: string): Label {
  // U&"…" spells identifiers with escapes.
  if (/u&["']/i.test(text)) return UNKNOWN;
  const labels: Label[] = [];
  for (const word of identifiers(text)) {
    if (word === self && facts.catalogue.functionsByName.get(word)?.length === 1) continue;
    if (extent === 'everything' && DYNAMIC.has(word)) return UNKNOWN;
    const label =
      extent === 'everything'
        ? derive([functionLabel(facts, word), relationLabel(facts, word)])
        : functionLabel(facts, word);
    if (!isClean(label)) labels.push(label);
  }
  return derive(labels);
}
