// A snapshot of the catalogue with what newer rows put in their place. Pure: what was handed out is never written to.
import type {
  Catalogue,
  CatalogueFunction,
  CatalogueRelation,
  CatalogueType,
} from '../../model/catalogue.ts';
import type { Changes, Head } from './catalogue-changes.ts';
import type { ReadRelation } from './catalogue-rows.ts';

/** What was read last, and by what it is told whether it still holds. */
export interface Kept {
  readonly head: Head;
  readonly rest: string;
  readonly schemas: readonly string[];
  readonly catalogue: Catalogue;
  readonly functions: ReadonlyMap<number, CatalogueFunction>;
  /** Relations with policies: how many. */
  readonly policies: ReadonlyMap<number, number>;
}

/** Objects as they are now. */
export interface Read {
  readonly relations: readonly ReadRelation[];
  readonly functions: readonly CatalogueFunction[];
  readonly types: readonly CatalogueType[];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Maps under change: copied when they are first written to. */
export class Draft {
  readonly #kept: Kept;
  #relations: Map<number, CatalogueRelation> | undefined;
  #functions: Map<number, CatalogueFunction> | undefined;
  #types: Map<number, CatalogueType> | undefined;
  #policies: Map<number, number> | undefined;
  /** Objects whose names, or whose columns', are others than before. */
  readonly renamed = new Set<number>();
  /** Domains that were there before, and were written. */
  readonly domains = new Set<number>();

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  get relations(): ReadonlyMap<number, CatalogueRelation> {
    return this.#relations ?? this.#kept.catalogue.relations;
  }

  get functions(): ReadonlyMap<number, CatalogueFunction> {
    return this.#functions ?? this.#kept.functions;
  }

  get types(): ReadonlyMap<number, CatalogueType> {
    return this.#types ?? this.#kept.catalogue.types;
  }

  get policies(): ReadonlyMap<number, number> {
    return this.#policies ?? this.#kept.policies;
  }

  put({ relations, functions, types }: Read): void {
    for (const one of relations) this.#putRelation(one);
    for (const one of functions) {
      const old = this.functions.get(one.oid);
      if (old && same(old, one)) continue;
      if (old && (old.name !== one.name || old.schema !== one.schema)) this.renamed.add(one.oid);
      this.#functions ??= new Map(this.#kept.functions);
      this.#functions.set(one.oid, one);
    }
    for (const one of types) {
      const old = this.types.get(one.oid);
      if (old?.kind === 'd') this.domains.add(one.oid);
      if (old && same(old, one)) continue;
      if (old) this.renamed.add(one.oid);
      this.#types ??= new Map(this.#kept.catalogue.types);
      this.#types.set(one.oid, one);
    }
  }

  #putRelation({ relation, policies }: ReadRelation): void {
    const { oid } = relation;
    if ((this.policies.get(oid) ?? 0) !== policies) {
      this.#policies ??= new Map(this.#kept.policies);
      this.#policies.set(oid, policies);
    }
    const old = this.relations.get(oid);
    if (old && same(old, relation)) return;
    if (old && !same(names(old), names(relation))) this.renamed.add(oid);
    this.#relations ??= new Map(this.#kept.catalogue.relations);
    this.#relations.set(oid, relation);
  }

  /** Everything of a kind that is not among these oids is gone. */
  keepOnly(kind: 'relations' | 'functions' | 'types', oids: ReadonlySet<number>): void {
    const gone = [...this[kind].keys()].filter((oid) => !oids.has(oid));
    if (gone.length === 0) return;
    if (kind === 'relations') {
      this.#relations ??= new Map(this.#kept.catalogue.relations);
      this.#policies ??= new Map(this.#kept.policies);
    } else if (kind === 'functions') this.#functions ??= new Map(this.#kept.functions);
    else this.#types ??= new Map(this.#kept.catalogue.types);
    const maps = {
      relations: [this.#relations, this.#policies],
      functions: [this.#functions],
      types: [this.#types],
    };
    for (const oid of gone) for (const map of maps[kind]) map?.delete(oid);
  }

  /** True when the numbers are those that the server counted: nothing is gone unseen. */
  agrees({ relations, functions, types, triggers, policies }: Changes): boolean {
    let [triggered, ruled] = [0, 0];
    for (const relation of this.relations.values()) triggered += relation.triggers?.length ?? 0;
    for (const count of this.policies.values()) ruled += count;
    return (
      this.relations.size === relations.count &&
      this.functions.size === functions.count &&
      this.types.size === types.count &&
      triggered === triggers.count &&
      ruled === policies.count
    );
  }

  /** The same catalogue where nothing is different, else one of the next version. */
  finish(head: Head, version: number): Kept {
    const { catalogue, ...kept } = this.#kept;
    const { searchPath, naming } = head;
    const policies = this.policies;
    const moved = !same(searchPath, catalogue.searchPath) || naming !== catalogue.naming;
    if (!this.#relations && !this.#functions && !this.#types && !moved)
      return { ...kept, head, policies, catalogue };
    const { relations, functions, types } = this;
    return {
      ...kept,
      head,
      policies,
      functions,
      catalogue: {
        ...catalogue,
        version,
        searchPath,
        naming,
        relations,
        relationByName: this.#relations ? byName(relations.values()) : catalogue.relationByName,
        functionsByName: this.#functions ? groupByName(functions.values()) : catalogue.functionsByName,
        types,
      },
    };
  }
}

function names({ schema, name, columns }: CatalogueRelation): unknown {
  return [schema, name, columns.map((column) => [column.attnum, column.name, column.typeOid])];
}

export function byName(relations: Iterable<CatalogueRelation>): Map<string, number> {
  const found = new Map<string, number>();
  for (const { oid, schema, name } of relations) found.set(`${schema}.${name}`, oid);
  return found;
}

export function groupByName(functions: Iterable<CatalogueFunction>): Map<string, CatalogueFunction[]> {
  const found = new Map<string, CatalogueFunction[]>();
  for (const one of functions) {
    const list = found.get(one.name);
    if (list) list.push(one);
    else found.set(one.name, [one]);
  }
  return found;
}
