// What the mask says about one unit and offers to the pipeline. Plain shapes; no rule lives here.
import type { Catalogue } from '../../model/catalogue.ts';
import type { StatementUnit } from '../../model/classification.ts';
import type { Connection, MaskStrategy } from '../../model/connection.ts';
import type { CoverageRow } from '../../model/event.ts';
import type { Field, ResultMask, Scanner } from '../../model/masking.ts';
import type { Effect } from './lineage/effects.ts';
import type { Given } from './statement.ts';

/** A tagged column whose raw values this principal may not see. */
export interface ProtectedColumn {
  /** `schema.table.column` as the connection's configuration tags it. */
  readonly name: string;
  readonly dataType: string;
  readonly strategy: MaskStrategy;
}

/**
 * Where a value comes from. `protected` with `bare` is exactly the column's own value; without, it is computed from
 * it. `unknown` may carry anything.
 */
export type Lineage =
  | { readonly kind: 'clean' }
  | { readonly kind: 'protected'; readonly columns: readonly ProtectedColumn[]; readonly bare: boolean }
  | { readonly kind: 'unknown' };

export interface PlannedColumn {
  /** Undefined where the resolver does not predict the server's column name. */
  readonly name: string | undefined;
  readonly lineage: Lineage;
  /** Type of a column that is a relation's own; undefined for computed ones. */
  readonly typeOid: number | undefined;
  /** Bare names of the columns its values come from unchanged. */
  readonly called?: readonly string[] | undefined;
}

/** What the parse tree and the catalogue say about one unit, before it runs. */
export interface UnitPlan {
  /** One per result column; undefined when their number cannot be told. */
  readonly outputs: readonly PlannedColumn[] | undefined;
  /** What every column may carry when `outputs` is undefined. */
  readonly rest: Lineage;
  /** A protected column, or something that can reach anything, is within reach of this unit. */
  readonly reaches: boolean;
  /** Some output's origin cannot be told; with `onUnknown: deny` the unit is to be refused. */
  readonly unknown: boolean;
  /** What code that can read protected values may leave behind; see lineage/effects.ts. */
  readonly effects: ReadonlySet<Effect>;
  /** Protected columns (`schema.table.column`, sorted) whose values the unit would write somewhere else. */
  readonly sideways: readonly string[];
  /** True for names that the statement itself or the catalogue has: an error may repeat them. */
  readonly knows: (name: string) => boolean;
}

export interface PlanOptions {
  /** The catalogue may be behind what this conversation sees: nothing is taken as clean by name. */
  readonly uncertain?: boolean;
}

export interface MaskerOptions {
  readonly connection: Connection;
  readonly revealed: { readonly columns: ReadonlySet<string>; readonly dataTypes: ReadonlySet<string> };
  readonly scanner: Scanner;
  readonly hashKey: Uint8Array;
  /**
   * Parses SQL text into libpg-query's tree (`{stmts: [{stmt}]}`), throwing on a syntax error. Used for view
   * definitions and SQL function bodies; without it views are judged by what they depend on.
   */
  readonly parse?: (sql: string) => unknown;
}

export interface MaskerCounts {
  readonly seen: number;
  readonly masked: number;
}

export interface Masker {
  /** Pure in (unit, catalogue); callers may cache by unit and catalogue version. Never throws: failures plan `unknown`. */
  plan(unit: StatementUnit, catalogue: Catalogue, options?: PlanOptions): UnitPlan;
  columns(plan: UnitPlan | undefined, fields: readonly Field[] | undefined, catalogue: Catalogue): ResultMask;
  /** Plans the units of one text in turn: behind code that may leave protected values behind, nothing is clean by name. */
  plans(units: readonly StatementUnit[], catalogue: Catalogue, options?: PlanOptions): readonly UnitPlan[];
  /** A statement was let run. True when plans made before do not hold any more, and must be made again. */
  ran(plans: readonly UnitPlan[]): boolean;
  /** Undefined when the stream cannot be masked and must be refused. */
  copyOut(plan: UnitPlan, columns: number, binary: boolean, catalogue: Catalogue): ResultMask | undefined;
  /** Cleans an error's or notice's fields (one-letter codes); returns a new map. */
  scrub(plan: UnitPlan | undefined, fields: ReadonlyMap<string, string>): Map<string, string>;
  scrubText(text: string): string;
  /** Literals and parameters of a text that stand under names of columns which are tagged, or tell what they hold. */
  given(units: readonly StatementUnit[], catalogue: Catalogue): Given;
  /** Cleans the text itself, for the record. */
  scrubStatement(text: string, given: Given): string;
  /** Cleans cells of an answer that repeat what the text said, for the record. */
  scrubEcho(text: string, given: Given): (cell: string) => string;
  /** Cleans a value that stands under the names, for the record. */
  scrubValue(text: string, names: readonly string[]): string;
  /** Cleans the value of a parameter the server reports. */
  scrubSetting(text: string): string;
  /** Cleans a text that no statement answers for: where something is protected, it may hold anything. */
  scrubStray(text: string): string;
  /** Counts `rows` rows that went through a mask made by `columns` or `copyOut`; cells are not counted one by one. */
  saw(mask: ResultMask, rows: number): void;
  coverage(): CoverageRow[];
  /** Cells seen and masked since the last call. */
  take(): MaskerCounts;
}
