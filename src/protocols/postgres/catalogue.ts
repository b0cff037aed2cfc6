// Reads the server's catalogue into the model's snapshot, and later what changed of it. Must never write, never read user
// data, and never keep what it cannot tell to be unchanged.
import type { Catalogue } from '../../model/catalogue.ts';
import {
  type Changes,
  HEAD,
  isLongAgo,
  REST_AND_SCHEMAS,
  readChanges,
  readHead,
  readRest,
  SETTINGS,
} from './catalogue-changes.ts';
import { Questions } from './catalogue-questions.ts';
import { type Row, text, toFunction, toRelations, toType } from './catalogue-rows.ts';
import { byName, Draft, groupByName, type Kept, type Read } from './catalogue-snapshot.ts';
import {
  CASTS,
  codeSql,
  columnsSql,
  dependenciesSql,
  EVENT_TRIGGERS,
  functionsSql,
  OPERATORS,
  oidsSql,
  parentsSql,
  relationsSql,
  triggersSql,
  typesSql,
  type Words,
} from './catalogue-sql.ts';
import { ServerError } from './upstream.ts';

/** Runs statements one behind the other, in one message where it can: the rows of each. */
export type CatalogueQuery = (statements: readonly string[]) => Promise<readonly (readonly Row[])[]>;

const BEGIN = 'begin isolation level repeatable read read only';
const ROLLBACK = 'rollback';

/** More changed objects than this cost more by their names than everything at once. */
const MOST_CHANGED = 2_000;

/** A prepared statement is not there, or already is: something in front of the server shares its connections out. */
const FORGOTTEN = /^(26000|42P05)$/;

const NOTHING: ReadonlySet<number> = new Set();

/** What belongs to a relation, in the order in which it is asked for. */
const PARTS = ['relations', 'columns', 'parents', 'dependencies', 'code', 'triggers'] as const;

const allRelations = (words: Words): string[] => [
  relationsSql(words, undefined),
  columnsSql(undefined),
  parentsSql(undefined),
  dependenciesSql(undefined),
  codeSql(words, undefined),
  triggersSql(undefined),
];

/** How questions about changes are put to the server. */
interface Asking {
  readonly query: CatalogueQuery;
  readonly questions: Questions;
}

function readRelations(answers: readonly (readonly Row[])[]): Read['relations'] {
  const [relations = [], columns = [], parents = [], dependencies = [], code = [], triggers = []] = answers;
  return toRelations({ relations, columns, parents, dependencies, code, triggers });
}

const numbers = (rows: readonly Row[] | undefined): number[] => (rows ?? []).map(([oid]) => Number(oid));

/** One server's catalogue as it was read last. */
export class CatalogueBook {
  #kept: Kept | undefined;
  #questions: Questions | undefined;
  #version: number;

  /** `version` is that of the first snapshot; later ones have greater ones. */
  constructor(version = 1) {
    this.#version = version - 1;
  }

  /**
   * The catalogue as it is now, from one consistent view in a transaction of its own: `query` must be outside of any. The
   * same object while nothing is different.
   */
  async read(query: CatalogueQuery): Promise<Catalogue> {
    const before = this.#kept;
    // Words that a lock kept from being read are asked for again with everything else.
    const changed = before && !before.catalogue.partial ? await this.#changed(query, before) : undefined;
    const kept = changed ?? (await this.#whole(query));
    this.#kept = kept;
    return kept.catalogue;
  }

  /** The next reading reads everything. */
  forget(): void {
    this.#kept = undefined;
    this.#questions = undefined;
  }

  #nextVersion(): number {
    this.#version += 1;
    return this.#version;
  }

  /** Undefined when it is better, or safer, to read everything. */
  async #changed(query: CatalogueQuery, kept: Kept): Promise<Kept | undefined> {
    this.#questions ??= new Questions(kept.head.serverVersion);
    const questions = this.#questions;
    try {
      const { preparations } = questions;
      const [, heads = [], , ...answers] = await query([
        BEGIN,
        questions.head,
        SETTINGS,
        ...preparations,
        questions.changes(kept.head.since),
        questions.rest,
      ]);
      questions.prepared();
      const [found = [], rest = []] = answers.slice(preparations.length);
      const head = readHead(heads);
      const changes = readChanges(found, rest);
      if (isLongAgo(kept.head, head) || isOther(kept, changes)) return undefined;
      const draft = new Draft(kept);
      if (!(await follow({ query, questions }, draft, changes))) return undefined;
      const now = draft.finish(head, this.#version + 1);
      this.#version = now.catalogue.version;
      return { ...now, rest: changes.rest, schemas: changes.schemas };
    } catch (error) {
      // Locked, gone or lost: reading everything knows what to do.
      if (error instanceof ServerError && FORGOTTEN.test(error.sqlstate)) questions.forgotten();
      return undefined;
    } finally {
      query([ROLLBACK]).catch(() => {});
    }
  }

  /**
   * Definitions are put in words under locks, which another transaction, this session's own among them, may hold for as
   * long as it likes: then they stay unread, and what they define counts as unknown.
   */
  async #whole(query: CatalogueQuery): Promise<Kept> {
    const version = this.#nextVersion();
    try {
      return await readWhole(query, 'worded', version);
    } catch {
      return readWhole(query, 'unread', version);
    }
  }
}

async function readWhole(query: CatalogueQuery, words: Words, version: number): Promise<Kept> {
  try {
    const [, heads = []] = await query([BEGIN, HEAD, SETTINGS]);
    const head = readHead(heads);
    const [rest = [], functions = [], types = [], operators = [], casts, eventTriggers, ...relations] =
      await query([
        REST_AND_SCHEMAS,
        functionsSql(words, head.serverVersion, undefined),
        typesSql(undefined),
        OPERATORS,
        CASTS,
        EVENT_TRIGGERS,
        ...allRelations(words),
      ]);
    const read = { functions: functions.map(toFunction), types: types.map(toType) };
    const named = new Map<string, number[]>();
    for (const [oid, name] of operators)
      named.set(text(name), [...(named.get(text(name)) ?? []), Number(oid)]);
    const made = readRelations(relations);
    const all = new Map(made.map(({ relation }) => [relation.oid, relation]));
    return {
      head,
      ...readRest(rest),
      functions: new Map(read.functions.map((one) => [one.oid, one])),
      policies: new Map(
        made.flatMap(({ relation, policies }) => (policies ? [[relation.oid, policies]] : [])),
      ),
      catalogue: {
        version,
        serverVersion: head.serverVersion,
        searchPath: head.searchPath,
        relations: all,
        relationByName: byName(all.values()),
        functionsByName: groupByName(read.functions),
        types: new Map(read.types.map((type) => [type.oid, type])),
        operators: named,
        castFunctions: numbers(casts),
        eventTriggers: numbers(eventTriggers),
        ...(words === 'unread' ? { partial: true } : {}),
      },
    };
  } finally {
    await query([ROLLBACK]);
  }
}

/** Something changed of which nobody asks what: schemas renamed or dropped, operators, casts, extensions. */
function isOther(kept: Kept, changes: Changes): boolean {
  const schemas = new Set(changes.schemas);
  return changes.rest !== kept.rest || kept.schemas.some((schema) => !schemas.has(schema));
}

/** Brings the draft up to what the server has now. False when it cannot tell. */
async function follow(asking: Asking, draft: Draft, changes: Changes): Promise<boolean> {
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

/** Everything, once, by single statements. */
export function loadCatalogue(
  query: (sql: string) => Promise<(string | null)[][]>,
  version: number,
): Promise<Catalogue> {
  return new CatalogueBook(version).read(async (statements) => {
    const answers: Row[][] = [];
    for (const statement of statements) answers.push(await query(statement));
    return answers;
  });
}
