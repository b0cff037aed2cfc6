// What one catalogue snapshot says about protected columns: relations, views, row types and functions. Lazily worked
// out and kept for the snapshot's life. A name it does not know is unknown, never clean.
import type {
  Catalogue,
  CatalogueColumn,
  CatalogueFunction,
  CatalogueRelation,
} from '../../../model/catalogue.ts';
import type { ProtectedColumn } from '../types.ts';
import { CONFINED_EXTENSIONS, isConfined, REVEALING_COLUMNS, RUNS_TEXT } from './builtins.ts';
import { filledLabel, functionsByOid } from './code.ts';
import { columnShowsLeftovers, type Leftovers, showsLeftovers } from './effects.ts';
import {
  CLEAN,
  type Column,
  calledBy,
  derive,
  isClean,
  type Label,
  merge,
  type Shape,
  shapeLabel,
  UNKNOWN,
  type Value,
} from './label.ts';
import { mentions } from './mentions.ts';
import type { TagsByAttnum } from './tags.ts';

const FIRST_USER_OID = 16384;
const SHIPPED_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** Works out the columns of a view from its definition; undefined when that cannot be done. */
export type ViewReader = (facts: Facts, definition: string) => Shape | undefined;

export class Facts {
  readonly catalogue: Catalogue;
  /** Everything protected in this connection for this principal, whether or not the catalogue has it. */
  readonly all: readonly ProtectedColumn[];
  readonly #tags: ReadonlyMap<number, TagsByAttnum>;
  readonly #readView: ViewReader;
  readonly #leftovers: Leftovers | undefined;
  readonly #byName = new Map<string, CatalogueRelation[]>();
  readonly #shapes = new Map<number, Shape>();
  readonly #reach = new Map<number, Label>();
  readonly #types = new Map<number, Value>();
  #names: ReadonlySet<string> | undefined;
  #casts: Label | undefined;
  #defining: Label | undefined;
  #ownTypes: ReadonlySet<string> | undefined;
  readonly #functions = new Map<number, Label>();

  constructor(
    catalogue: Catalogue,
    all: readonly ProtectedColumn[],
    tags: ReadonlyMap<number, TagsByAttnum>,
    readView: ViewReader,
    leftovers?: Leftovers,
  ) {
    this.#leftovers = leftovers;
    this.catalogue = catalogue;
    this.all = all;
    this.#tags = tags;
    this.#readView = readView;
    for (const relation of catalogue.relations.values()) {
      const list = this.#byName.get(relation.name) ?? [];
      list.push(relation);
      this.#byName.set(relation.name, list);
    }
  }

  /** What a name may mean, the likeliest first: unqualified any such relation, since the search path can change before it runs. */
  find(schema: string | undefined, name: string): readonly CatalogueRelation[] {
    const candidates = this.#byName.get(name) ?? [];
    if (schema !== undefined)
      return candidates.filter((one) => one.schema === schema || (schema === 'pg_temp' && one.temporary));
    const path = this.catalogue.searchPath;
    const rank = (one: CatalogueRelation): number => {
      if (one.temporary) return -2;
      if (one.schema === 'pg_catalog') return -1;
      const at = path.indexOf(one.schema);
      return at < 0 ? path.length : at;
    };
    return candidates.length < 2 ? candidates : [...candidates].sort((a, b) => rank(a) - rank(b));
  }

  /** Names of schemas, relations, columns and types: schema, not data. */
  hasName(name: string): boolean {
    if (!this.#names) {
      const names = new Set<string>(this.#byName.keys());
      for (const relation of this.catalogue.relations.values()) {
        names.add(relation.schema);
        for (const column of relation.columns) names.add(column.name);
      }
      for (const type of this.catalogue.types.values()) names.add(type.name);
      this.#names = names;
    }
    return this.#names.has(name);
  }

  relationsNamed(name: string): readonly CatalogueRelation[] {
    return this.#byName.get(name) ?? [];
  }

  /** Columns of a relation with what each may carry. */
  shape(relation: CatalogueRelation): Shape {
    let shape = this.#shapes.get(relation.oid);
    if (shape) return shape;
    // A view that reads itself through another is answered with a doubt while it is being worked out.
    this.#shapes.set(relation.oid, this.#doubtful(relation));
    shape = this.#workOut(relation);
    this.#shapes.set(relation.oid, shape);
    return shape;
  }

  /** Label of the column the wire names; undefined when the snapshot does not have it. */
  column(oid: number, attnum: number): Label | undefined {
    const relation = this.catalogue.relations.get(oid);
    if (!relation) return undefined;
    if (attnum < 0) return CLEAN;
    const index = relation.columns.findIndex((column) => column.attnum === attnum);
    return this.shape(relation).columns[index]?.value.label;
  }

  /** Everything a query over the relation can meet, shown or not: its columns and what its definition depends on. */
  reach(relation: CatalogueRelation): Label {
    const known = this.#reach.get(relation.oid);
    if (known) return known;
    this.#reach.set(relation.oid, UNKNOWN);
    const below = relation.dependsOn.map(({ oid }) => {
      const dependency = this.catalogue.relations.get(oid);
      return dependency ? this.reach(dependency) : UNKNOWN;
    });
    const texts = [relation.definition ?? '', ...(relation.conditions ?? [])];
    const code = texts.map((text) => mentions(this, text, 'functions'));
    const label = derive([shapeLabel(this.shape(relation)), ...below, ...code]);
    this.#reach.set(relation.oid, label);
    return label;
  }

  /** What a value of the type may carry by its type alone: rows of protected relations, also inside arrays and domains. */
  typeValue(oid: number): Value {
    const known = this.#types.get(oid);
    if (known) return known;
    const type = this.catalogue.types.get(oid);
    if (!type || oid < FIRST_USER_OID) return { label: CLEAN };
    this.#types.set(oid, { label: CLEAN });
    let value: Value = { label: CLEAN };
    const row = type.relationOid === 0 ? undefined : this.catalogue.relations.get(type.relationOid);
    if (row) {
      const shape = this.shape(row);
      value = { label: shapeLabel(shape), fields: shape };
    } else if (type.elementOid !== 0) value = { label: derive([this.typeValue(type.elementOid).label]) };
    else if (type.baseOid !== 0) value = this.typeValue(type.baseOid);
    this.#types.set(oid, value);
    return value;
  }

  /** What a function may show beyond its arguments. */
  functionReach(one: CatalogueFunction): Label {
    const known = this.#functions.get(one.oid);
    if (known) return known;
    this.#functions.set(one.oid, UNKNOWN);
    const label = this.#functionLabel(one);
    this.#functions.set(one.oid, label);
    return label;
  }

  /** What operators of that name that were not shipped with the server reach; undefined when there is none. */
  operatorReach(name: string, prefix: boolean): Label | undefined {
    const functions = this.catalogue.operators?.get(`${prefix ? 'l' : 'b'}${name}`);
    return functions && this.#functionsReach(functions);
  }

  /** What casts that were not shipped with the server reach. */
  castReach(): Label {
    this.#casts ??= this.#functionsReach(this.catalogue.castFunctions ?? []);
    return this.#casts;
  }

  /** True when a type of that name was not shipped with the server. */
  isOwnType(name: string): boolean {
    this.#ownTypes ??= new Set(
      [...this.catalogue.types.values()]
        .filter((type) => type.oid >= FIRST_USER_OID)
        .map((type) => type.name),
    );
    return this.#ownTypes.has(name);
  }

  /** Settings may hold what code has read. */
  get settingsDoubtful(): boolean {
    return this.#leftovers?.effects.has('settings') ?? false;
  }

  /** What event triggers may say when something is defined. */
  definingReach(): Label {
    this.#defining ??= this.#functionsReach(this.catalogue.eventTriggers ?? []);
    return this.#defining;
  }

  #functionsReach(oids: readonly number[]): Label {
    const found = functionsByOid(this, oids);
    return found ? derive(found.map((one) => this.functionReach(one))) : UNKNOWN;
  }

  #functionLabel(one: CatalogueFunction): Label {
    if (one.builtin) {
      if (RUNS_TEXT.has(one.name)) return UNKNOWN;
      if (this.#leftovers && showsLeftovers(one.name, this.#leftovers.effects)) return UNKNOWN;
      return one.volatility === 'i' ||
        isConfined(one.name) ||
        (SHIPPED_SCHEMAS.has(one.schema) && one.schema !== 'pg_catalog')
        ? CLEAN
        : UNKNOWN;
    }
    if (one.extension !== undefined && CONFINED_EXTENSIONS.has(one.extension)) return CLEAN;
    if (one.body === undefined || (one.language !== 'sql' && one.language !== 'plpgsql')) return UNKNOWN;
    return mentions(this, one.body, 'everything', one.name);
  }

  #doubtful(relation: CatalogueRelation): Shape {
    return { columns: relation.columns.map((column) => ({ name: column.name, value: { label: UNKNOWN } })) };
  }

  #workOut(relation: CatalogueRelation): Shape {
    if (relation.oid < FIRST_USER_OID && SHIPPED_SCHEMAS.has(relation.schema)) return this.#shipped(relation);
    if (this.#appeared(relation)) return this.#doubtful(relation);
    if (relation.kind === 'view' || relation.kind === 'materialised') return this.#view(relation);
    if (relation.kind === 'other' || relation.kind === 'toast' || relation.kind === 'index')
      return this.#doubtful(relation);
    const own = new Map(
      relation.columns.map((column) => [
        column,
        this.#tagged(relation, column, this.typeValue(column.typeOid)),
      ]),
    );
    const labelOf = (column: CatalogueColumn): Label => own.get(column)?.value.label ?? UNKNOWN;
    return {
      columns: [...own].map(([column, { name, value }]) => {
        const filled = filledLabel(this, relation, column, labelOf);
        return { name, value: isClean(filled) ? value : { ...value, label: derive([value.label, filled]) } };
      }),
    };
  }

  /** Made, or there to be filled, after such code has run. */
  #appeared(relation: CatalogueRelation): boolean {
    if (!this.#leftovers?.effects.has('rows')) return false;
    return relation.temporary || !this.#leftovers.before.has(relation.oid);
  }

  #shipped(relation: CatalogueRelation): Shape {
    const revealing = Object.hasOwn(REVEALING_COLUMNS, relation.name)
      ? REVEALING_COLUMNS[relation.name]
      : undefined;
    const shows = ({ name, typeOid }: CatalogueColumn): boolean =>
      revealing?.has(name) === true || columnShowsLeftovers(relation.name, typeOid, this.#leftovers?.effects);
    return {
      columns: relation.columns.map((column) =>
        this.#tagged(relation, column, { label: shows(column) ? UNKNOWN : CLEAN }),
      ),
    };
  }

  #view(relation: CatalogueRelation): Shape {
    const read = relation.definition === undefined ? undefined : this.#readView(this, relation.definition);
    const columns = read?.rest === undefined ? read?.columns : undefined;
    if (columns && columns.length === relation.columns.length)
      return {
        ...(read?.rows ? { rows: read.rows } : {}),
        columns: relation.columns.map((column, index) =>
          this.#tagged(relation, column, columns[index]?.value ?? { label: UNKNOWN }),
        ),
      };
    const label = this.#dependencies(relation);
    return { columns: relation.columns.map((column) => this.#tagged(relation, column, { label })) };
  }

  /** Without a readable definition every column may carry whatever the view depends on. */
  #dependencies(relation: CatalogueRelation): Label {
    if (relation.definition === undefined) return UNKNOWN;
    const labels = relation.dependsOn.map(({ oid, attnum }) => {
      const dependency = this.catalogue.relations.get(oid);
      if (!dependency) return UNKNOWN;
      return attnum > 0 ? (this.column(oid, attnum) ?? UNKNOWN) : CLEAN;
    });
    return derive([...labels, mentions(this, relation.definition, 'functions')]);
  }

  #tagged(relation: CatalogueRelation, column: CatalogueColumn, found: Value): Column {
    const value = { ...found, typeOid: column.typeOid, called: calledBy([found], column.name) };
    const tags = this.#tags.get(relation.oid)?.get(column.attnum);
    if (!tags) return { name: column.name, value };
    const label = merge([{ sources: tags, bare: true, unknown: false }, value.label]);
    // Every field of a tagged composite is protected, whatever its type says.
    return { name: column.name, value: { label, typeOid: column.typeOid, called: value.called } };
  }
}
