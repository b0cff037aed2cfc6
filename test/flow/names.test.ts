import { describe, expect, it } from 'vitest';
import { NameBook } from '../../src/flow/names.ts';
import type { StatementUnit, UnitEffect } from '../../src/model/classification.ts';

const unit = (title: string): StatementUnit => ({
  start: 0,
  end: 0,
  node: 'SelectStmt',
  title,
  actions: [],
  tables: [],
  columns: [],
  functions: [],
  hasWhere: false,
  changesCatalogue: false,
});
const first = unit('first');
const second = unit('second');
const prepare = (name: string, inner: StatementUnit): UnitEffect => ({ kind: 'prepare', name, inner });

describe('NameBook', () => {
  it('believes a name only once the server said it stands', () => {
    const names = new NameBook();
    const effect = prepare('a', first);
    names.begin(effect);
    expect(names.lookup('statement', 'a')).toBeUndefined();
    names.settle(effect, true);
    expect(names.lookup('statement', 'a')).toBe(first);
  });

  it('keeps the old meaning when the server refused the new one', () => {
    const names = new NameBook();
    names.set('statement', 'a', first);
    const effect = prepare('a', second);
    names.begin(effect);
    names.settle(effect, false);
    expect(names.lookup('statement', 'a')).toBe(first);
  });

  it('knows no name while DEALLOCATE ALL and a new PREPARE are both on their way', () => {
    const names = new NameBook();
    names.set('statement', 'a', first);
    const all: UnitEffect = { kind: 'deallocate', name: 'all' };
    const again = prepare('a', second);
    names.begin(all);
    names.begin(again);
    expect(names.lookup('statement', 'a')).toBeUndefined();
    names.settle(all, true);
    expect(names.lookup('statement', 'a')).toBeUndefined();
    names.settle(again, true);
    expect(names.lookup('statement', 'a')).toBe(second);
  });

  it('keeps statements and cursors of one name apart', () => {
    const names = new NameBook();
    names.set('statement', 'x', first);
    names.set('portal', 'x', second);
    names.begin({ kind: 'close', name: 'x' });
    expect(names.lookup('statement', 'x')).toBe(first);
    expect(names.lookup('portal', 'x')).toBeUndefined();
  });

  it('forgets everything when code it cannot see into ran', () => {
    const names = new NameBook();
    names.set('statement', 'a', first);
    names.forget();
    expect(names.lookup('statement', 'a')).toBeUndefined();
  });
});
