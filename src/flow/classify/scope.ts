// Which names a part of a statement can see: WITH queries and FROM items, innermost first, exactly as the server looks them up.

/** Result column → columns of tables it is made of. `complete` is false where some columns cannot be told. */
export interface Output {
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly complete: boolean;
}

export const NOTHING: Output = { columns: new Map(), complete: true };
export const UNTOLD: Output = { columns: new Map(), complete: false };

/** Something in FROM. */
export interface Item extends Output {
  /** The name it goes by; undefined for a join or subquery without one. */
  readonly alias: string | undefined;
}

export class Scope {
  readonly parent: Scope | undefined;
  readonly #queries = new Map<string, Output>();
  readonly items: Item[] = [];

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  child(): Scope {
    return new Scope(this);
  }

  /** What a FROM item that is not LATERAL sees: the WITH queries of this level, but not its neighbours. */
  aside(): Scope {
    const scope = new Scope(this.parent);
    for (const [name, output] of this.#queries) scope.#queries.set(name, output);
    return scope;
  }

  define(name: string, output: Output): void {
    this.#queries.set(name, output);
  }

  /** The WITH query of this name, if one is in sight. */
  query(name: string): Output | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const found = scope.#queries.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /** The innermost items of this name. */
  named(alias: string): readonly Item[] {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const found = scope.items.filter((item) => item.alias === alias);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Tables' columns a bare name may mean: those of the innermost level that has it. */
  bare(name: string): readonly string[] {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const found = scope.items
        .map(({ columns }) => columns.get(name))
        .filter((bases) => bases !== undefined);
      if (found.length > 0) return found.flat();
    }
    return [];
  }
}
