// The state of resolving one unit, and the seams between the files that resolve its parts. Lives for one plan.
import type { Facts } from './facts.ts';
import { isClean, type Label, type Shape, UNKNOWN, type Value } from './label.ts';
import type { CteList, Scope } from './scope.ts';
import type { Tree, TreeNode } from './tree.ts';

/** Nodes one unit may cost, fixpoints included. Beyond it the plan is unknown. */
const BUDGET = 200_000;

/** Rows of a query, and what its predicates look at. */
export interface Rows {
  readonly shape: Shape;
  readonly predicate: Label;
}

/** How the parts reach each other without importing each other in a circle. */
export interface Parts {
  /** A SELECT body. */
  readonly select: (run: Run, body: Tree, outer: Scope | undefined, ctes: CteList | undefined) => Rows;
  /** Any statement that can stand in a CTE: SELECT, INSERT, UPDATE, DELETE, MERGE. */
  readonly statement: (run: Run, node: TreeNode, outer: Scope | undefined, ctes: CteList | undefined) => Rows;
  readonly expression: (run: Run, value: unknown, scope: Scope) => Value;
}

export class TooComplex extends Error {}

export class Run {
  readonly facts: Facts;
  readonly parts: Parts;
  /** Protected columns whose values go somewhere else than the client. */
  readonly sideways = new Set<string>();
  /** Something protected, or something that can reach anything, takes part. */
  reaches = false;
  /** Something that can reach anything takes part. */
  doubt = false;
  #left = BUDGET;

  constructor(facts: Facts, parts: Parts) {
    this.facts = facts;
    this.parts = parts;
  }

  step(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new TooComplex('the statement is too complex to resolve');
  }

  /** Takes note of what took part, and hands it on. */
  met(label: Label): Label {
    if (!isClean(label)) this.reaches = true;
    if (label.unknown) this.doubt = true;
    return label;
  }

  /** A value of this label leaves for elsewhere; values may stay among columns of the data types in `kept`. */
  leaves(label: Label, kept: readonly string[] = []): void {
    if (label.unknown) this.everythingLeaves();
    for (const source of label.sources) if (!kept.includes(source.dataType)) this.sideways.add(source.name);
  }

  everythingLeaves(): void {
    this.reaches = true;
    for (const column of this.facts.all) this.sideways.add(column.name);
  }

  unknown(): Value {
    this.met(UNKNOWN);
    return { label: UNKNOWN };
  }
}
