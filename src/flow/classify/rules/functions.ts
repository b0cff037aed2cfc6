// What a call does. A function that only computes does nothing; one that is not known to only compute does something.
import type { CatalogueFunction } from '../../../model/catalogue.ts';
import { part } from '../names.ts';
import type { Reading } from '../reading.ts';
import { COMMON } from './common.ts';
import { EFFECTS } from './effects.ts';
import { HARMLESS } from './harmless.ts';
import { readType } from './types.ts';

const SYSTEM = new Set(['pg_catalog', 'information_schema']);
/** Functions of extensions that reach beyond the database, whatever schema they were put in. */
const OUTSIDE =
  /^(?:dblink(?:_.*)?|pg_file_(?:write|unlink|rename|sync)|pg_logdir_ls|postgres_fdw_.*|http(?:_.*)?)$/;

const shipped = (one: CatalogueFunction): boolean => one.builtin && SYSTEM.has(one.schema);

/** Functions made by people or extensions: each of them may be the one that runs. */
function callOthers(reading: Reading, others: readonly CatalogueFunction[]): void {
  for (const { schema, name, language, volatility } of others) {
    const id = `${part(schema)}.${part(name)}`;
    reading.found.actOnFunction(OUTSIDE.test(name) ? 'sql:server-function' : 'sql:execute-function', id);
    if (volatility === 'v' && language !== 'c') reading.found.changesCatalogue = true;
  }
}

/** Volatile means that the server itself does not promise that the function only computes. */
function callShipped(
  reading: Reading,
  name: string,
  own: readonly CatalogueFunction[],
  args: readonly unknown[],
): void {
  reading.found.called(`pg_catalog.${part(name)}`);
  const effect = EFFECTS.get(name);
  if (effect) effect(reading, name, args);
  else if (!HARMLESS.has(name) && own.some(({ volatility }) => volatility !== 'i' && volatility !== 's'))
    reading.found.actOnFunction('sql:server-function', `pg_catalog.${part(name)}`);
}

/** Without a server's catalogue: only what is common to all of them is known. */
function callBare(
  reading: Reading,
  schema: string | undefined,
  name: string,
  args: readonly unknown[],
): boolean {
  const effect = EFFECTS.get(name);
  if (reading.names.knowsFunctions || (schema !== undefined && schema !== 'pg_catalog')) return false;
  if (!effect && !COMMON.has(name) && !HARMLESS.has(name)) return false;
  reading.found.called(`pg_catalog.${part(name)}`);
  effect?.(reading, name, args);
  return true;
}

/** `parts` is the name as written, with or without a schema. */
export function callFunction(reading: Reading, parts: readonly string[], args: readonly unknown[]): void {
  const [name, schema] = [parts.at(-1) ?? '', parts.at(-2)];
  const candidates = reading.names.functions(schema, name);
  const own = candidates.filter(shipped);
  if (own.length > 0) callShipped(reading, name, own, args);
  callOthers(
    reading,
    candidates.filter((one) => !shipped(one)),
  );
  if (candidates.length > 0 || callBare(reading, schema, name, args)) return;
  // `text(1)` without such a function is a cast.
  if (args.length === 1 && reading.names.types(name).length > 0) {
    readType(reading, { names: parts.map((sval) => ({ String: { sval } })) });
    return;
  }
  reading.found.unresolved = true;
  const id = `${part(schema ?? reading.names.creationSchema)}.${part(name)}`;
  reading.found.actOnFunction('sql:unknown', id);
  reading.found.changesCatalogue = true;
}

/** Words of the newest grammar that older servers take for functions anybody can make. */
export function callWord(reading: Reading, name: string): void {
  callOthers(
    reading,
    reading.names.functions(undefined, name).filter((one) => !shipped(one)),
  );
}

/** `t.f` and `(x).f` may be a column or a call; where they cannot be told apart, a call that does something counts. */
export function maybeCall(reading: Reading, name: string): void {
  const candidates = reading.names.functions(undefined, name);
  if (candidates.length > 0 || EFFECTS.has(name)) callFunction(reading, [name], []);
}

/** Operators that come with the server. They only compute; any other runs a function somebody made. */
const OPERATORS = new Set(
  (
    '!! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<| <= ' +
    '<> <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ' +
    '~>=~ ~>~ ~~ ~~* !='
  ).split(' '),
);
/** Kinds of A_Expr whose name is a word of the grammar, not an operator. */
const WORDS = /^AEXPR_(?:BETWEEN|NOT_BETWEEN|BETWEEN_SYM|NOT_BETWEEN_SYM)$/;

export function callOperator(reading: Reading, parts: readonly string[], kind: string): void {
  const [name, schema] = [parts.at(-1) ?? '', parts.at(-2)];
  if (WORDS.test(kind) || (OPERATORS.has(name) && (schema === undefined || schema === 'pg_catalog'))) return;
  const id = schema === undefined ? part(name) : `${part(schema)}.${part(name)}`;
  reading.found.actOnFunction('sql:execute-function', id);
}
