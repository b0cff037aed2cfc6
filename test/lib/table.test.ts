import { describe, expect, it } from 'vitest';
import { table } from '../../src/lib/table.ts';

describe('a table', () => {
  it('aligns columns, numbers to the right, without trailing blanks', () => {
    expect(
      table(
        ['NAME', 'ROWS'],
        [
          ['a', '1'],
          ['longer', '12345'],
        ],
        { right: [1] },
      ),
    ).toBe('NAME     ROWS\na           1\nlonger  12345\n');
  });

  it('counts what characters take on a terminal', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['日本', 'x'],
          ['é', 'y'],
        ],
      ),
    ).toBe('A     B\n日本  x\né     y\n');
  });

  it('cuts the widest column to fit the terminal', () => {
    const lines = table(['ID', 'TEXT'], [['1', 'x'.repeat(100)]], { width: 30 }).split('\n');
    expect(lines[1]).toBe(`1   ${'x'.repeat(25)}…`);
  });

  it('lets no cell command the terminal or break its line', () => {
    expect(table(['A'], [['x\u001b[2J\ny']])).toBe('A\nx\\e[2J\\ny\n');
  });
});
