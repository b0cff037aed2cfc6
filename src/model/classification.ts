// What the grammar says about a text sent by a client: its units, what each does, and what it touches.
import type { ActionUse } from './action.ts';

export type ColumnRole = 'output' | 'filter' | 'write';

export interface ColumnUse {
  /** `schema.table.column`. */
  readonly column: string;
  readonly role: ColumnRole;
}

/** COPY options that change how its data stream is cut into values. */
export interface CopyShape {
  readonly direction: 'in' | 'out';
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly null: string;
  readonly header: boolean;
}

/** One statement of a text. */
export interface StatementUnit {
  /** Byte range in the UTF-8 text. */
  readonly start: number;
  readonly end: number;
  /** Grammar node name, e.g. `SelectStmt`; `unparsed` when the grammar rejects the text. */
  readonly node: string;
  /** PostgreSQL's word for a person, e.g. `DELETE without WHERE`. */
  readonly title: string;
  readonly actions: readonly ActionUse[];
  /** `schema.table`, sorted. */
  readonly tables: readonly string[];
  readonly columns: readonly ColumnUse[];
  readonly functions: readonly string[];
  readonly hasWhere: boolean;
  readonly copy?: CopyShape;
  /** The unit changes the catalogue when it runs: refresh before judging the next text. */
  readonly changesCatalogue: boolean;
  /** The unit changes what later texts mean or see (search_path, role …); recorded in the conversation. */
  readonly effect?: UnitEffect;
  /** The statement whose rows this unit returns, when it is not its own: EXECUTE and FETCH. */
  readonly answers?: StatementUnit;
  /** The unit's parse tree node as libpg-query prints it (for the mask's resolver); absent when unparsed. */
  readonly tree?: unknown;
}

export type UnitEffect =
  | { readonly kind: 'prepare'; readonly name: string; readonly inner: StatementUnit }
  | { readonly kind: 'deallocate'; readonly name: string | 'all' }
  | { readonly kind: 'declare'; readonly name: string; readonly inner: StatementUnit }
  | { readonly kind: 'close'; readonly name: string | 'all' }
  | { readonly kind: 'search-path' }
  | { readonly kind: 'discard' };

export interface Classification {
  readonly units: readonly StatementUnit[];
  /** Grammar error, when the text does not parse; the text then is one `sql:unknown` unit. */
  readonly parseError?: string;
  /** pg_query fingerprint of the whole text (hex), or SHA-256 when it does not parse. */
  readonly fingerprint: string;
  /** The text names something the catalogue does not have: refresh and classify again, once. */
  readonly unresolved: boolean;
}
