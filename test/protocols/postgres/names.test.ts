import { describe, expect, it } from 'vitest';
import { NameTable, WAIT } from '../../../src/protocols/postgres/names.ts';

const table = (dropped: string[] = []) => new NameTable<string>((value) => dropped.push(value));

describe.each(['', 'named'])('the name %j', (name) => {
  it('may be relied on within the group that makes it, and only there', () => {
    const names = table();
    names.change(name, 'a', 1);
    expect([names.lookup(name, 1), names.lookup(name, 2)]).toEqual(['a', WAIT]);
    names.settle(name, 'a', true);
    expect(names.lookup(name, 2)).toBe('a');
  });

  it('keeps its meaning when a change is skipped', () => {
    const names = table();
    names.change(name, 'a', 1);
    names.settle(name, 'a', true);
    names.change(name, undefined, 2);
    names.change(name, 'b', 2);
    expect(names.lookup(name, 2)).toBe('b');
    names.settle(name, undefined, false);
    names.settle(name, 'b', false);
    expect(names.lookup(name, 3)).toBe('a');
  });

  it('is dropped with the transaction, but not while a change is on its way', () => {
    const dropped: string[] = [];
    const names = table(dropped);
    names.change(name, 'a', 1);
    names.settle(name, 'a', true);
    names.change(name, 'b', 2);
    names.clear();
    expect(dropped).toEqual(['a']);
    expect(names.lookup(name, 2)).toBe('b');
    names.settle(name, 'b', true);
    expect(names.lookup(name, 3)).toBe('b');
  });
});
