// Text → what it does. PostgreSQL's own grammar; what is not understood is unknown, never read. Pure, synchronous, never throws.
import type { Classification, StatementUnit } from '../../model/classification.ts';
import type { ClassifyEnvironment } from './environment.ts';
import { fingerprint, parse, type RawStatement } from './grammar.ts';
import { Names } from './names.ts';
import { TextNames } from './text-names.ts';
import { readStatement } from './walk.ts';

export type { ClassifyEnvironment } from './environment.ts';
export { loadGrammar } from './grammar.ts';

function unknown(
  env: ClassifyEnvironment,
  node: string,
  range: { start: number; end: number },
): StatementUnit {
  return {
    start: range.start,
    end: range.end,
    node,
    title: 'a statement that is not understood',
    actions: [{ action: 'sql:unknown', resource: { type: 'Connection', id: env.connection } }],
    tables: [],
    columns: [],
    functions: [],
    hasWhere: false,
    changesCatalogue: true,
  };
}

/** A statement that cannot be walked to its end (nested deeper than our own stack, say) is unknown. */
function read(
  env: ClassifyEnvironment,
  names: Names,
  raw: RawStatement,
): { unit: StatementUnit; unresolved: boolean } {
  try {
    return readStatement(env, names, raw.stmt, raw);
  } catch {
    return { unit: unknown(env, Object.keys(raw.stmt)[0] ?? 'unparsed', raw), unresolved: false };
  }
}

const UNSETTLING = new Set(['sql:search-path', 'sql:do', 'sql:call', 'sql:execute-function', 'sql:unknown']);

/** After it, names in the rest of the text may be looked up elsewhere. */
function unsettles({ effect, actions }: StatementUnit): boolean {
  const kind = effect?.kind;
  return kind === 'search-path' || kind === 'discard' || actions.some(({ action }) => UNSETTLING.has(action));
}

/** An empty text has no units and does nothing. */
export function classify(text: string, env: ClassifyEnvironment): Classification {
  const parsed = parse(text);
  if (parsed.error !== undefined)
    return {
      units: [unknown(env, 'unparsed', { start: 0, end: Buffer.byteLength(text) })],
      parseError: parsed.error,
      fingerprint: fingerprint(text, false),
      unresolved: false,
    };
  let names = new Names(env);
  const bound = new TextNames(env.names);
  const found = parsed.statements.map((raw) => {
    const one = read({ ...env, names: bound }, names, raw);
    bound.after(one.unit);
    if (unsettles(one.unit)) names = new Names({ ...env, searchPathUncertain: true }, names);
    return one;
  });
  return {
    units: found.map(({ unit }) => unit),
    fingerprint: fingerprint(text, true),
    unresolved: found.some(({ unresolved }) => unresolved),
  };
}
