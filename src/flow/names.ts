// Names a client can refer to in SQL: prepared statements and cursors. A name in doubt is an unknown name.
import type { StatementUnit, UnitEffect } from '../model/classification.ts';

export type NameKind = 'statement' | 'portal';

/** The name an effect touches; `all` for DEALLOCATE ALL, CLOSE ALL and DISCARD. */
function touched(effect: UnitEffect): { kinds: readonly NameKind[]; name: string | 'all' } | undefined {
  switch (effect.kind) {
    case 'prepare':
    case 'deallocate':
      return { kinds: ['statement'], name: effect.name };
    case 'declare':
    case 'close':
      return { kinds: ['portal'], name: effect.name };
    case 'discard':
      return { kinds: ['statement', 'portal'], name: 'all' };
    case 'search-path':
      return undefined;
  }
}

/**
 * Follows the server's names. Between the moment a statement that changes a name is sent and the moment the server
 * says it succeeded, the name means nothing: pipelined clients could otherwise be judged by what it meant before.
 */
export class NameBook {
  readonly #known: Readonly<Record<NameKind, Map<string, StatementUnit>>> = {
    statement: new Map(),
    portal: new Map(),
  };
  readonly #unsettled: Readonly<Record<NameKind, Map<string, number>>> = {
    statement: new Map(),
    portal: new Map(),
  };

  lookup(kind: NameKind, name: string): StatementUnit | undefined {
    const unsettled = this.#unsettled[kind];
    if (unsettled.size > 0 && (unsettled.has(name) || unsettled.has('all'))) return undefined;
    return this.#known[kind].get(name);
  }

  set(kind: NameKind, name: string, unit: StatementUnit | undefined): void {
    if (unit) this.#known[kind].set(name, unit);
    else this.#known[kind].delete(name);
  }

  /** The effect is on its way to the server. */
  begin(effect: UnitEffect): void {
    const change = touched(effect);
    if (!change) return;
    for (const kind of change.kinds) {
      const unsettled = this.#unsettled[kind];
      unsettled.set(change.name, (unsettled.get(change.name) ?? 0) + 1);
    }
  }

  /** The server answered. Only a success is believed. */
  settle(effect: UnitEffect, succeeded: boolean): void {
    const change = touched(effect);
    if (!change) return;
    for (const kind of change.kinds) {
      const unsettled = this.#unsettled[kind];
      const left = (unsettled.get(change.name) ?? 1) - 1;
      if (left > 0) unsettled.set(change.name, left);
      else unsettled.delete(change.name);
      if (succeeded) this.#apply(kind, effect, change.name);
    }
  }

  #apply(kind: NameKind, effect: UnitEffect, name: string): void {
    if (effect.kind === 'prepare' || effect.kind === 'declare') this.#known[kind].set(name, effect.inner);
    else if (name === 'all') this.#known[kind].clear();
    else this.#known[kind].delete(name);
  }

  /** Code we cannot see into ran: it may have changed any name. */
  forget(): void {
    this.#known.statement.clear();
    this.#known.portal.clear();
  }
}
