// What names mean in a catalogue. A name that could mean several things means all of them.
import {
  type Catalogue,
  type CatalogueFunction,
  type CatalogueRelation,
  type CatalogueType,
  WORDS_ONCE_NAMES,
} from '../../model/catalogue.ts';
import type { ClassifyEnvironment } from './environment.ts';
import { type Fields, text } from './tree.ts';

/** FirstNormalObjectId: lower oids were shipped with the server. */
export const FIRST_USER_OID = 16_384;

interface Index {
  readonly relations: ReadonlyMap<string, readonly CatalogueRelation[]>;
  readonly types: ReadonlyMap<string, readonly CatalogueType[]>;
  readonly columns: WeakMap<CatalogueRelation, ReadonlyMap<string, readonly string[]>>;
}

const indexes = new WeakMap<Catalogue, Index>();

function group<T>(values: Iterable<T>, key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const kept = groups.get(key(value));
    if (kept) kept.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}

function* readable(catalogue: Catalogue): Iterable<CatalogueRelation> {
  for (const relation of catalogue.relations.values()) if (relation.kind !== 'composite') yield relation;
}

function indexOf(catalogue: Catalogue): Index {
  let index = indexes.get(catalogue);
  if (!index) {
    index = {
      relations: group(readable(catalogue), ({ name }) => name),
      types: group(catalogue.types.values(), ({ name }) => name),
      columns: new WeakMap(),
    };
    indexes.set(catalogue, index);
  }
  return index;
}

/** One part of an id: quoted where it could be read as several, so that no two objects share an id. */
export function part(name: string): string {
  return /[."/]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** A relation a name may mean. */
export interface Target {
  /** `schema.table` */
  readonly name: string;
  readonly relation?: CatalogueRelation;
}

export interface Resolved {
  readonly targets: readonly Target[];
  /** False when the catalogue does not have the name: the target is the best guess. */
  readonly known: boolean;
}

const TEMPORARY = /^pg_temp(?:_\d+)?$/;

export class Names {
  readonly #catalogue: Catalogue;
  readonly #index: Index;
  readonly #uncertain: boolean;
  readonly #made: Map<string, readonly string[]>;

  constructor({ catalogue, searchPathUncertain }: ClassifyEnvironment, earlier?: Names) {
    this.#catalogue = catalogue;
    this.#index = indexOf(catalogue);
    this.#uncertain = searchPathUncertain;
    this.#made = earlier ? earlier.#made : new Map();
  }

  /** The schema a new object without a schema is made in. */
  get creationSchema(): string {
    return this.#catalogue.searchPath[0] ?? 'public';
  }

  relation(schema: string | undefined, name: string): Resolved {
    const all = this.#index.relations.get(name) ?? [];
    const found =
      schema === undefined ? this.#unqualified(all) : all.filter((one) => this.#inSchema(one, schema));
    if (found.length > 0)
      return { known: true, targets: found.map((one) => ({ name: this.nameOf(one), relation: one })) };
    const guess = schema ?? (name.startsWith('pg_') ? 'pg_catalog' : this.creationSchema);
    return { known: false, targets: [{ name: `${part(guess)}.${part(name)}` }] };
  }

  /** A RangeVar's fields. The database part is left out: the server refuses any but its own. */
  rangeVar(fields: Fields): Resolved {
    return this.relation(text(fields['schemaname']) || undefined, text(fields['relname']));
  }

  /** `['schema', 'table']` or `['table']`. */
  relationParts(parts: readonly string[]): Resolved {
    return this.relation(parts.at(-2), parts.at(-1) ?? '');
  }

  /** What CREATE makes of a RangeVar: an object without a schema goes into the first one, or is temporary. */
  created(fields: Fields): { readonly name: string; readonly temporary: boolean } {
    const schema = text(fields['schemaname']);
    const temporary = fields['relpersistence'] === 't' || TEMPORARY.test(schema);
    const home = schema || (temporary ? 'pg_temp' : this.creationSchema);
    return { name: `${part(home)}.${part(text(fields['relname']))}`, temporary };
  }

  #inSchema(relation: CatalogueRelation, schema: string): boolean {
    return relation.schema === schema || (schema === 'pg_temp' && TEMPORARY.test(relation.schema));
  }

  /** Temporary tables come first on the search path, and each conversation has its own: both meanings count. */
  #unqualified(all: readonly CatalogueRelation[]): readonly CatalogueRelation[] {
    if (this.#uncertain || all.length < 2) return this.#uncertain ? all : this.#visible(all);
    const temporary = all.filter(({ schema }) => TEMPORARY.test(schema));
    return [...this.#visible(all.filter(({ schema }) => !TEMPORARY.test(schema))), ...temporary];
  }

  #visible(all: readonly CatalogueRelation[]): readonly CatalogueRelation[] {
    const [only] = all;
    if (all.length === 1 && only && TEMPORARY.test(only.schema)) return all;
    for (const schema of ['pg_catalog', ...this.#catalogue.searchPath]) {
      const found = all.find((relation) => relation.schema === schema);
      if (found) return [found];
    }
    return [];
  }

  nameOf({ schema, name }: CatalogueRelation): string {
    return `${part(schema)}.${part(name)}`;
  }

  /** Column name → `[schema.table.column]`, in order; made once per relation. */
  columnsOf(relation: CatalogueRelation): ReadonlyMap<string, readonly string[]> {
    let columns = this.#index.columns.get(relation);
    if (!columns) {
      const table = this.nameOf(relation);
      columns = new Map(relation.columns.map(({ name }) => [name, [`${table}.${part(name)}`]]));
      this.#index.columns.set(relation, columns);
    }
    return columns;
  }

  /** Notes a view made in this text, by its bare name: no catalogue has it yet. */
  viewMade(name: string, tables: readonly string[]): void {
    this.#made.set(name, tables);
  }

  /** Tables behind a view, through other views: a change of a view is a change of what is behind it. */
  behind(target: Target, bare: string): readonly string[] {
    const made = this.#made.get(bare);
    const found = new Map<number, CatalogueRelation>();
    const queue = target.relation?.kind === 'view' ? [target.relation] : [];
    for (let view = queue.pop(); view; view = queue.pop())
      for (const { oid } of view.dependsOn) {
        const base = this.#catalogue.relations.get(oid);
        if (!base || found.has(oid)) continue;
        found.set(oid, base);
        if (base.kind === 'view') queue.push(base);
      }
    return [...(made ?? []), ...[...found.values()].map((base) => this.nameOf(base))];
  }

  /** Every function a call by this name may reach; the server chooses by argument types, so all visible ones count. */
  functions(schema: string | undefined, name: string): readonly CatalogueFunction[] {
    const all = this.#catalogue.functionsByName.get(name) ?? [];
    const named = schema !== undefined && !(schema === 'pg_catalog' && WORDS_ONCE_NAMES.has(name));
    if (named) return all.filter((one) => one.schema === schema);
    if (this.#uncertain) return all;
    return all.filter(
      (one) => one.schema === 'pg_catalog' || this.#catalogue.searchPath.includes(one.schema),
    );
  }

  /** False for a catalogue made without a server: then only common names are known. */
  get knowsFunctions(): boolean {
    return this.#catalogue.functionsByName.size > 0;
  }

  get knowsTypes(): boolean {
    return this.#catalogue.types.size > 0;
  }

  types(name: string): readonly CatalogueType[] {
    return this.#index.types.get(name) ?? [];
  }
}
