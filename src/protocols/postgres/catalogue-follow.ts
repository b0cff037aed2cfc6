// Brings a snapshot of the catalogue up to what changed: reads those objects, and what mentions them. Must say when it cannot tell.
import type { Changes } from './catalogue-changes.ts';
import type { Questions } from './catalogue-questions.ts';
import { type Row, toFunction, toRelations, toType } from './catalogue-rows.ts';
import type { Draft, Kept, Read } from './catalogue-snapshot.ts';
import { oidsSql } from './catalogue-sql.ts';

/** Runs statements one behind the other, in one message where it can: the rows of each. */
export type CatalogueQuery = (statements: readonly string[]) => Promise<readonly (readonly Row[])[]>;

/** How questions about changes are put to the server. */
export interface Asking {
  readonly query: CatalogueQuery;
  readonly questions: Questions;
}

/** More changed objects than this cost more by their names than everything at once. */
const MOST_CHANGED = 2_000;

const NOTHING: ReadonlySet<number> = new Set();

/** What belongs to a relation, in the order in which it is asked for. */
const PARTS = ['relations', 'columns', 'parents', 'dependencies', 'code', 'triggers'] as const;

export function readRelations(answers: readonly (readonly Row[])[]): Read['relations'] {
  const [relations = [], columns = [], parents = [], dependencies = [], code = [], triggers = []] = answers;
  return toRelations({ relations, columns, parents, dependencies, code, triggers });
}

export const numbers = (rows: readonly Row[] | undefined): number[] =>
  (rows ?? []).map(([oid]) => Number(oid));

/** Something changed of which nobody asks what: schemas renamed or dropped, operators, casts, extensions. */
export function isOther(kept: Kept, changes: Changes): boolean {
  const schemas = new Set(changes.schemas);
  return changes.rest !== kept.rest || kept.schemas.some((schema) => !schemas.has(schema));
}

/** Brings the draft up to what the server has now. False when it cannot tell. */
export async function follow(asking: Asking, draft: Draft, changes: Changes): Promise<boolean> {
  const { relations, types, functions, triggers, policies, parts } = changes;
  const of = new Set([...relations.oids, ...triggers.oids, ...policies.oids, ...parts]);
  const wanted = { relations: of, functions: new Set(functions.oids), types: new Set(types.oids) };
  if (of.size + wanted.functions.size + wanted.types.size > MOST_CHANGED) return false;
  const lost = (kind: 'relations' | 'functions' | 'types') =>
    draft[kind].size + changes[kind].oids.filter((oid) => !draft[kind].has(oid)).length !==
    changes[kind].count;
  const kinds = (['relations', 'functions', 'types'] as const).filter(lost);
  const { read, oids } = await readThese(asking, wanted, kinds);
  draft.put(read);
  for (const [index, kind] of kinds.entries()) draft.keepOnly(kind, new Set(numbers(oids[index])));
  const more = await reworded(asking, draft, wanted);
  if (more.relations.size + more.functions.size > 0)
    draft.put((await readThese(asking, { ...more, types: NOTHING }, [])).read);
  return draft.agrees(changes);
}

interface Wanted {
  readonly relations: ReadonlySet<number>;
  readonly functions: ReadonlySet<number>;
  readonly types: ReadonlySet<number>;
}

const TABLES = { relations: 'pg_class', functions: 'pg_proc', types: 'pg_type' } as const;

async function readThese(
  { query, questions }: Asking,
  { relations, functions, types }: Wanted,
  listed: readonly (keyof typeof TABLES)[],
): Promise<{ read: Read; oids: readonly (readonly Row[])[] }> {
  const statements = [
    ...(relations.size > 0 ? PARTS.map((part) => questions.of(part, relations)) : []),
    ...(functions.size > 0 ? [questions.of('functions', functions)] : []),
    ...(types.size > 0 ? [questions.of('types', types)] : []),
    ...listed.map((kind) => oidsSql(TABLES[kind])),
  ];
  const answers = statements.length > 0 ? [...(await query(statements))] : [];
  return {
    read: {
      relations: relations.size > 0 ? readRelations(answers.splice(0, PARTS.length)) : [],
      functions: functions.size > 0 ? (answers.shift() ?? []).map(toFunction) : [],
      types: types.size > 0 ? (answers.shift() ?? []).map(toType) : [],
    },
    oids: answers,
  };
}

/** What mentions objects that have other names now is put in other words, without being written. */
async function reworded(
  { query, questions }: Asking,
  draft: Draft,
  known: Wanted,
): Promise<{ relations: ReadonlySet<number>; functions: ReadonlySet<number> }> {
  const relations = new Set<number>();
  const functions = new Set<number>();
  if (draft.domains.size > 0)
    for (const { oid, columns } of draft.relations.values())
      if (columns.some(({ typeOid }) => draft.domains.has(typeOid))) relations.add(oid);
  const [found = []] = draft.renamed.size > 0 ? await query([questions.of('dependents', draft.renamed)]) : [];
  for (const [relation, code] of found) {
    if (relation != null) relations.add(Number(relation));
    if (code != null) functions.add(Number(code));
  }
  for (const oid of known.relations) relations.delete(oid);
  for (const oid of known.functions) functions.delete(oid);
  return { relations, functions };
}
