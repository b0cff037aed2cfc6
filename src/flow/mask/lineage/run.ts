// The state of resolving one unit, and the seams between the files that resolve its parts. Lives for one plan.
import type { CatalogueFunction } from '../../../model/catalogue.ts';
import { type Effect, effectsOf } from './effects.ts';
import type { Facts } from './facts.ts';
import { derive, isClean, type Label, type Shape, UNKNOWN, type Value } from './label.ts';
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
  /** What code that can read protected values may leave behind. */
  readonly effects = new Set<Effect>();
  /** Something that can reach anything takes part. */
  doubt = false;
  #left = BUDGET;
  #touched: Value[] | undefined;
  readonly #ties = new Map<Value, Label>();
  readonly #groups = new Map<Value, (readonly Value[])[]>();
  #comparing = 0;

  constructor(facts: Facts, parts: Parts) {
    this.facts = facts;
    this.parts = parts;
  }

  /** Takes note of a column that was looked up, and hands it on with what predicates have tied it to. */
  seen(value: Value): Value {
    this.#touched?.push(value);
    if (this.#ties.size === 0) return value;
    const ties = [value, ...(value.fields?.columns.map((column) => column.value) ?? [])].flatMap((one) => {
      const tie = this.#ties.get(one);
      return tie ? [tie] : [];
    });
    return ties.length === 0 ? value : { label: derive([value.label, ...ties]) };
  }

  /** True while a predicate is being worked out. */
  get comparing(): boolean {
    return this.#comparing > 0;
  }

  /** Runs the work and lists the columns it looked up. */
  watch<T>(work: () => T): { readonly result: T; readonly touched: readonly Value[] } {
    const before = this.#touched;
    const touched: Value[] = [];
    this.#touched = touched;
    try {
      return { result: work(), touched };
    } finally {
      this.#touched = before;
      if (before) for (const value of touched) before.push(value);
    }
  }

  compare(work: () => Label): { readonly result: Label; readonly touched: readonly Value[] } {
    this.#comparing += 1;
    try {
      return this.watch(work);
    } finally {
      this.#comparing -= 1;
    }
  }

  /** A predicate ties a clean column to what it is compared with: where it holds, one tells the other. */
  tie(value: Value, label: Label): void {
    if (!isClean(value.label) || this.#ties.has(value)) return;
    this.#ties.set(value, derive([label]));
    for (const group of this.#groups.get(value) ?? []) for (const other of group) this.tie(other, label);
  }

  /** Number of ties so far; it only grows. */
  get ties(): number {
    return this.#ties.size;
  }

  /** Columns that may be computed from one another: a tie of one is a tie of all. */
  group(values: readonly Value[]): void {
    if (values.length < 2) return;
    for (const value of values) {
      const groups = this.#groups.get(value);
      if (groups) groups.push(values);
      else this.#groups.set(value, [values]);
    }
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

  /** Takes note of code that runs. */
  runs(functions: readonly CatalogueFunction[]): void {
    for (const effect of effectsOf(this.facts, functions)) this.effects.add(effect);
  }

  unknown(): Value {
    this.met(UNKNOWN);
    return { label: UNKNOWN };
  }
}
