// What every row of the tables is handed: the environment, what was found, and the way into the rest of the tree.
import type { ColumnRole, StatementUnit } from '../../model/classification.ts';
import type { ClassifyEnvironment } from './environment.ts';
import type { Findings } from './findings.ts';
import type { Names } from './names.ts';
import type { Output, Scope } from './scope.ts';
import type { Fields } from './tree.ts';

export interface Reading {
  readonly env: ClassifyEnvironment;
  readonly names: Names;
  readonly found: Findings;
  /** A statement inside another: a WITH query, a rule's action. What it does is added to what was found. */
  statement(node: unknown, scope: Scope): Output;
  /** A statement that is looked at on its own as well; what it does is added to what was found unless `apart`. */
  unit(node: unknown, apart?: boolean): StatementUnit;
  /** Any node, list or value that is not a statement of its own. */
  walk(node: unknown, scope: Scope, role: ColumnRole): void;
  /** The fields of a node of the given type that does not name it. */
  fields(type: string, fields: Fields, scope: Scope, role: ColumnRole): void;
  /** Items of FROM, added to the scope from left to right. */
  from(nodes: unknown, scope: Scope): void;
  /** A SELECT, VALUES or TABLE by its fields. */
  select(fields: Fields, scope: Scope): Output;
  /** A result list; what its columns are made of. */
  targets(nodes: unknown, scope: Scope): Output;
  /** SQL in a string. */
  sql(text: string): void;
}

/** One row: what a statement node does. */
export type StatementRow = (reading: Reading, fields: Fields, scope: Scope) => Output | undefined;
export type NodeRow = (reading: Reading, fields: Fields, scope: Scope, role: ColumnRole) => void;
