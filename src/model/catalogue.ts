// A snapshot of the target's catalogue: what names mean and where columns come from. Plain data; lookups are pure.

export interface CatalogueColumn {
  readonly attnum: number;
  readonly name: string;
  readonly typeOid: number;
  /** Expression that fills it where a statement does not: of a generated column, of a default, of its domain's default. */
  readonly filledBy?: string;
  /** Computed from other columns of its row, whether or not the expression could be read. */
  readonly generated?: boolean;
}

export type RelationKind =
  | 'table'
  | 'partitioned'
  | 'view'
  | 'materialised'
  | 'foreign'
  | 'sequence'
  | 'index'
  | 'composite'
  | 'toast'
  | 'other';

export interface CatalogueRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogueColumn[];
  /** Oids of parents by inheritance or partitioning. */
  readonly parents: readonly number[];
  /** For views and materialised views: relations and columns their rules depend on (pg_depend through pg_rewrite). */
  readonly dependsOn: readonly { readonly oid: number; readonly attnum: number }[];
  /** For views: the defining query, as pg_get_viewdef prints it. */
  readonly definition?: string;
  /** Writing to it runs more than the statement says: triggers (foreign keys too) or rules. */
  readonly acts?: boolean;
  /** Oids of its triggers' functions. */
  readonly triggers?: readonly number[];
  /** Conditions of its policies and checks, which may call functions. */
  readonly conditions?: readonly string[];
  readonly temporary: boolean;
}

export interface CatalogueFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly language: string;
  /** i immutable, s stable, v volatile. */
  readonly volatility: string;
  readonly returnsSet: boolean;
  readonly securityDefiner: boolean;
  /** Internal or C, and shipped with the server (oid below 16384). */
  readonly builtin: boolean;
  /** An aggregate or a window function. */
  readonly aggregate?: boolean;
  /** pg_type oid of the result; 0 or absent when not known. */
  readonly resultOid?: number;
  /** Names of OUT and TABLE columns, in order; empty when it has none. */
  readonly columns?: readonly string[];
  /** Source of a function that was not shipped with the server. */
  readonly body?: string;
  /** The extension that owns the function. */
  readonly extension?: string;
}

export interface CatalogueType {
  readonly oid: number;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  /** pg_type.typcategory. */
  readonly category: string;
  readonly elementOid: number;
  readonly baseOid: number;
  /** Oid of the composite type's relation, or 0. */
  readonly relationOid: number;
}

/** Names that the newest grammar takes for pg_catalog's, while older servers look for them on the search path. */
export const WORDS_ONCE_NAMES: ReadonlySet<string> = new Set(['json_object', 'normalize']);

export interface Catalogue {
  /** Grows with every refresh; part of every cache key. */
  readonly version: number;
  /** server_version_num, e.g. 150018. */
  readonly serverVersion: number;
  /** Schemas searched for unqualified names, in order; without pg_catalog, which is first. */
  readonly searchPath: readonly string[];
  /** What the search path was worked out from where this was read: who was asking, and the path as set. */
  readonly naming?: string;
  readonly relations: ReadonlyMap<number, CatalogueRelation>;
  /** `schema.name` → oid. */
  readonly relationByName: ReadonlyMap<string, number>;
  /** Unqualified function name → every function of that name. */
  readonly functionsByName: ReadonlyMap<string, readonly CatalogueFunction[]>;
  readonly types: ReadonlyMap<number, CatalogueType>;
  /** Operators not shipped with the server: pg_operator.oprkind and name, as in `b||` or `l!`, → oids of their functions. */
  readonly operators?: ReadonlyMap<string, readonly number[]>;
  /** Oids of the functions of casts not shipped with the server. */
  readonly castFunctions?: readonly number[];
  /** Oids of the functions of event triggers. */
  readonly eventTriggers?: readonly number[];
  /** Definitions of views or functions were locked when it was read: to be read again soon. */
  readonly partial?: boolean;
}
