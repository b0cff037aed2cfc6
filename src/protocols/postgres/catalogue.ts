// Reads the server's catalogue into the model's snapshot, and later what changed of it. Must never write, never read user
// data, and never keep what it cannot tell to be unchanged.
import { randomBytes } from 'node:crypto';
import type { Catalogue } from '../../model/catalogue.ts';
import {
  HEAD,
  isLongAgo,
  REST_AND_SCHEMAS,
  readChanges,
  readHead,
  readRest,
  SETTINGS,
} from './catalogue-changes.ts';
import {
  type Asking,
  type CatalogueQuery,
  follow,
  isOther,
  numbers,
  readRelations,
} from './catalogue-follow.ts';
import { Questions } from './catalogue-questions.ts';
import { type Row, text, toFunction, toType } from './catalogue-rows.ts';
import { byName, Draft, groupByName, type Kept } from './catalogue-snapshot.ts';
import {
  CASTS,
  codeSql,
  columnsSql,
  dependenciesSql,
  EVENT_TRIGGERS,
  functionsSql,
  OPERATORS,
  parentsSql,
  relationsSql,
  triggersSql,
  typesSql,
  type Words,
} from './catalogue-sql.ts';
import { ServerError } from './upstream.ts';

const BEGIN = 'begin isolation level repeatable read read only';
const ROLLBACK = 'rollback';

/** A prepared statement is not there, or already is: something in front of the server shares its connections out. */
const FORGOTTEN = /^(26000|42P05)$/;

const allRelations = (words: Words): string[] => [
  relationsSql(words, undefined),
  columnsSql(undefined),
  parentsSql(undefined),
  dependenciesSql(undefined),
  codeSql(words, undefined),
  triggersSql(undefined),
];

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

  /** What names were resolved by at the last reading. */
  get naming(): string | undefined {
    return this.#kept?.head.naming;
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

  /**
   * The same as a transaction sees it that has changes of its own: `query` asks within. Undefined when it cannot be told, and
   * never what the next reading begins with.
   */
  async seenBy(query: CatalogueQuery): Promise<Catalogue | undefined> {
    const kept = this.#kept;
    if (!kept || kept.catalogue.partial) return undefined;
    const questions = new Questions(kept.head.serverVersion);
    questions.forgotten();
    const savepoint = `broker_${randomBytes(8).toString('hex')}`;
    const closing = [`rollback to savepoint ${savepoint}`, `release savepoint ${savepoint}`];
    const seen = await this.#compare({ query, questions }, kept, [`savepoint ${savepoint}`, closing]);
    return seen?.catalogue;
  }

  /** Undefined when it is better, or safer, to read everything. */
  async #changed(query: CatalogueQuery, kept: Kept): Promise<Kept | undefined> {
    this.#questions ??= new Questions(kept.head.serverVersion);
    return this.#compare({ query, questions: this.#questions }, kept, [BEGIN, [ROLLBACK]]);
  }

  async #compare(asking: Asking, kept: Kept, [begin, end]: readonly [string, readonly string[]]) {
    const { query, questions } = asking;
    try {
      const { preparations } = questions;
      const [, heads = [], , ...answers] = await query([
        begin,
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
      if (!(await follow(asking, draft, changes))) return undefined;
      const now = draft.finish(head, this.#version + 1);
      this.#version = Math.max(this.#version, now.catalogue.version);
      return { ...now, rest: changes.rest, schemas: changes.schemas };
    } catch (error) {
      // Locked, gone or lost: reading everything knows what to do.
      if (error instanceof ServerError && FORGOTTEN.test(error.sqlstate)) questions.forgotten();
      return undefined;
    } finally {
      // On a client's connection nothing may get in before it.
      const ended = query(end).catch(() => {});
      if (begin !== BEGIN) await ended;
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
        naming: head.naming,
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
