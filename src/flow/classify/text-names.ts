// Prepared statements and cursors as the units of one text change them: a later unit must never be read by an older meaning.
import type { StatementUnit, UnitEffect } from '../../model/classification.ts';
import type { ClassifyEnvironment } from './environment.ts';

type Kind = 'statement' | 'portal';

/** Code that can rebind any name out of our sight. */
const REBINDING = new Set(['sql:do', 'sql:call', 'sql:execute-function', 'sql:unknown']);

export class TextNames {
  readonly #before: ClassifyEnvironment['names'];
  /** Names this text has bound (a unit) or dropped (undefined). */
  readonly #bound: Readonly<Record<Kind, Map<string, StatementUnit | undefined>>> = {
    statement: new Map(),
    portal: new Map(),
  };
  readonly #forgotten = new Set<Kind>();

  constructor(before: ClassifyEnvironment['names']) {
    this.#before = before;
  }

  statement(name: string): StatementUnit | undefined {
    return this.#lookup('statement', name);
  }

  portal(name: string): StatementUnit | undefined {
    return this.#lookup('portal', name);
  }

  #lookup(kind: Kind, name: string): StatementUnit | undefined {
    const bound = this.#bound[kind];
    if (bound.has(name)) return bound.get(name);
    return this.#forgotten.has(kind) ? undefined : this.#before[kind](name);
  }

  #forget(kind: Kind): void {
    this.#bound[kind].clear();
    this.#forgotten.add(kind);
  }

  #set(kind: Kind, name: string, unit: StatementUnit | undefined): void {
    if (name === 'all' && unit === undefined) this.#forget(kind);
    else this.#bound[kind].set(name, unit);
  }

  #apply(effect: UnitEffect): void {
    if (effect.kind === 'prepare') this.#set('statement', effect.name, effect.inner);
    else if (effect.kind === 'deallocate') this.#set('statement', effect.name, undefined);
    else if (effect.kind === 'declare') this.#set('portal', effect.name, effect.inner);
    else if (effect.kind === 'close') this.#set('portal', effect.name, undefined);
    else if (effect.kind === 'discard') {
      this.#forget('statement');
      this.#forget('portal');
    }
  }

  /** What is left of the text runs after this unit. */
  after({ effect, actions }: StatementUnit): void {
    if (actions.some(({ action }) => REBINDING.has(action))) {
      this.#forget('statement');
      this.#forget('portal');
    }
    if (effect) this.#apply(effect);
  }
}
