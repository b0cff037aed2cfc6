// What was found in one statement so far. Only grows: nothing that was found can be taken back.
import type { ActionId, ActionUse, ResourceRef } from '../../model/action.ts';
import type { ColumnRole, CopyShape, StatementUnit, UnitEffect } from '../../model/classification.ts';

export class Findings {
  readonly #connection: string;
  readonly #actions = new Map<string, ActionUse>();
  readonly #tables = new Set<string>();
  readonly #columns = new Map<string, { column: string; role: ColumnRole }>();
  readonly #functions = new Set<string>();
  /** Columns met while a result column is read; undefined outside. */
  #tap: Set<string> | undefined;
  title = '';
  hasWhere = false;
  changesCatalogue = false;
  unresolved = false;
  copy: CopyShape | undefined;
  effect: UnitEffect | undefined;
  answers: StatementUnit | undefined;

  constructor(connection: string) {
    this.#connection = connection;
  }

  /** The first title stands: it is the outermost statement's. */
  named(title: string): void {
    if (this.title === '') this.title = title;
  }

  #act(action: ActionId, resource: ResourceRef): void {
    this.#actions.set(`${action} ${resource.type} ${resource.id}`, { action, resource });
  }

  act(action: ActionId): void {
    this.#act(action, { type: 'Connection', id: this.#connection });
  }

  /** `name` is `schema.table`. */
  actOnTable(action: ActionId, name: string): void {
    this.#tables.add(name);
    this.#act(action, { type: 'Table', id: `${this.#connection}/${name}` });
  }

  actOnFunction(action: ActionId, name: string): void {
    this.#functions.add(name);
    this.#act(action, { type: 'Function', id: `${this.#connection}/${name}` });
  }

  /** Something the tables of this stage do not know. */
  unknown(what: string): void {
    this.named(what);
    this.act('sql:unknown');
    this.changesCatalogue = true;
  }

  mention(table: string): void {
    this.#tables.add(table);
  }

  called(name: string): void {
    this.#functions.add(name);
  }

  column(column: string, role: ColumnRole): void {
    this.#columns.set(`${column} ${role}`, { column, role });
    this.#tap?.add(column);
  }

  /** Runs `read` and returns the columns it met. */
  tapping(read: () => void): readonly string[] {
    const outer = this.#tap;
    const tap = new Set<string>();
    this.#tap = tap;
    read();
    this.#tap = outer;
    if (outer) for (const column of tap) outer.add(column);
    return [...tap];
  }

  get actions(): readonly ActionUse[] {
    return [...this.#actions.values()];
  }

  /** Takes over what an inner statement was found to do. */
  merge(unit: StatementUnit, actions: readonly ActionUse[] = unit.actions): void {
    for (const { action, resource } of actions) this.#act(action, resource);
    for (const table of unit.tables) this.#tables.add(table);
    for (const { column, role } of unit.columns) this.column(column, role);
    for (const name of unit.functions) this.#functions.add(name);
  }

  toUnit(node: string, range: { start: number; end: number }, tree: unknown): StatementUnit {
    return {
      start: range.start,
      end: range.end,
      node,
      title: this.title || node,
      actions: this.actions,
      tables: [...this.#tables].sort(),
      columns: [...this.#columns.values()].sort((a, b) =>
        a.column < b.column ? -1 : a.column > b.column ? 1 : 0,
      ),
      functions: [...this.#functions].sort(),
      hasWhere: this.hasWhere,
      changesCatalogue: this.changesCatalogue,
      ...(this.copy ? { copy: this.copy } : {}),
      ...(this.effect ? { effect: this.effect } : {}),
      ...(this.answers ? { answers: this.answers } : {}),
      ...(tree === undefined ? {} : { tree }),
    };
  }
}
