// Judges one function call by name: what it shows, and whether it keeps its arguments. Every function the name could
// mean counts, since the server picks by argument types that are not worked out here.
import { type CatalogueFunction, WORDS_ONCE_NAMES } from '../../../model/catalogue.ts';
import { KEEPS_NOTHING, RANKS, REVEAL_FREE } from './builtins.ts';
import type { Facts } from './facts.ts';
import { CLEAN, derive, type Label, UNKNOWN } from './label.ts';

export interface CallVerdict {
  /** What the call may show beyond its arguments. */
  readonly reach: Label;
  /** Shows nothing of its arguments' values. */
  readonly revealFree: boolean;
  /** May write its arguments somewhere. */
  readonly keeps: boolean;
  /** An aggregate or a window function. */
  readonly counts: boolean;
  readonly candidates: readonly CatalogueFunction[];
}

/** Syntax of newer grammars, by its node → the functions that older servers call instead. */
const WORDS: Readonly<Record<string, readonly string[]>> = Object.assign(Object.create(null), {
  JsonArrayAgg: ['json_arrayagg'],
  JsonArrayConstructor: ['json_array'],
  JsonFuncExpr: ['json_exists', 'json_query', 'json_value'],
  JsonObjectAgg: ['json_objectagg'],
  JsonObjectConstructor: ['json_object'],
  JsonParseExpr: ['json'],
  JsonScalarExpr: ['json_scalar'],
  JsonSerializeExpr: ['json_serialize'],
  MergeSupportFunc: ['merge_action'],
});

/** What a piece of syntax may call that was not shipped with the server; undefined when nothing. */
export function judgeWords(facts: Facts, type: string): CallVerdict | undefined {
  const names = WORDS[type];
  if (!names) return undefined;
  const candidates = names.flatMap((name) => candidatesOf(facts, [name]).filter((one) => !one.builtin));
  if (candidates.length === 0) return undefined;
  return {
    reach: derive(candidates.map((one) => facts.functionReach(one))),
    revealFree: false,
    keeps: candidates.some(keeps),
    counts: true,
    candidates,
  };
}

function candidatesOf(facts: Facts, parts: readonly string[]): readonly CatalogueFunction[] {
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  const all = facts.catalogue.functionsByName.get(name) ?? [];
  const anywhere = schema === undefined || (schema === 'pg_catalog' && WORDS_ONCE_NAMES.has(name));
  return anywhere ? all : all.filter((one) => one.schema === schema);
}

const keeps = (one: CatalogueFunction): boolean =>
  one.volatility === 'v' && !(one.builtin && KEEPS_NOTHING.has(one.name));

/** `current_setting('server_version')` is a setting of the server; one with a dot may hold anything. */
function settingName(args: readonly unknown[], literal: (value: unknown) => string | undefined): boolean {
  const name = literal(args[0]);
  return name !== undefined && !name.includes('.');
}

export function judgeCall(
  facts: Facts,
  parts: readonly string[],
  args: readonly unknown[],
  literal: (value: unknown) => string | undefined,
): CallVerdict {
  const candidates = candidatesOf(facts, parts);
  const name = parts.at(-1) ?? '';
  if (candidates.length === 0)
    return { reach: UNKNOWN, revealFree: false, keeps: true, counts: true, candidates };
  const shipped = candidates.every((one) => one.builtin);
  if (shipped && name === 'current_setting' && !facts.settingsDoubtful && settingName(args, literal))
    return { reach: CLEAN, revealFree: false, keeps: false, counts: false, candidates };
  return {
    reach: derive(candidates.map((one) => facts.functionReach(one))),
    revealFree: shipped && (REVEAL_FREE.has(name) || (args.length === 0 && RANKS.has(name))),
    keeps: candidates.some(keeps),
    counts: candidates.some((one) => one.aggregate === true),
    candidates,
  };
}
