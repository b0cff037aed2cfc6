import { describe, expect, it } from 'vitest';
import { type Format, openWriter, type Row } from '../../src/front/formats.ts';

const COLUMNS = [
  { name: 'id', typeOid: 23 },
  { name: 'name', typeOid: 25 },
  { name: 'big', typeOid: 20 },
  { name: 'ok', typeOid: 16 },
  { name: 'data', typeOid: 3802 },
];
const ROWS: Row[] = [
  ['1', 'plain', '9007199254740993', 't', '{"a":[1]}'],
  ['2', null, null, 'f', '[card]'],
  ['3', 'two\nlines, "quoted"', '0', null, null],
];

function write(format: Format, terminal: boolean, columns = COLUMNS, rows = ROWS): string {
  const writer = openWriter(format, terminal);
  const text =
    writer.begin(columns) + rows.map((row) => writer.row(row)).join('') + writer.end('SELECT', rows.length);
  return text + writer.close();
}

describe('JSON', () => {
  it('keeps types that are exact, and everything else as text', () => {
    const { results } = JSON.parse(write('json', false)) as {
      results: { rows: unknown[]; count: number; command: string }[];
    };
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ command: 'SELECT', count: 3 });
    expect(results[0]?.rows).toEqual([
      { id: 1, name: 'plain', big: '9007199254740993', ok: true, data: { a: [1] } },
      { id: 2, name: null, big: null, ok: false, data: '[card]' },
      { id: 3, name: 'two\nlines, "quoted"', big: '0', ok: null, data: null },
    ]);
  });

  it('keeps both of two columns with one name', () => {
    const columns = [
      { name: 'x', typeOid: 23 },
      { name: 'x', typeOid: 23 },
    ];
    expect(JSON.parse(write('json', false, columns, [['1', '2']]))).toMatchObject({
      results: [{ rows: [{ x: 1, x_2: 2 }] }],
    });
  });

  it('is whole for no result, for several, and for NaN', () => {
    expect(JSON.parse(openWriter('json', false).close())).toEqual({ results: [] });
    const writer = openWriter('json', false);
    const nan = [{ name: 'f', typeOid: 701 }];
    const text =
      writer.begin([]) +
      writer.end('BEGIN', 0) +
      writer.begin(nan) +
      writer.row(['NaN']) +
      writer.end('SELECT', 1);
    expect(JSON.parse(text + writer.close())).toMatchObject({
      results: [{ command: 'BEGIN', rows: [] }, { rows: [{ f: 'NaN' }] }],
    });
  });
});

describe('CSV', () => {
  it('quotes what needs it and tells NULL from the empty string', () => {
    const columns = [
      { name: 'a,b', typeOid: 25 },
      { name: 'c', typeOid: 25 },
    ];
    expect(
      write('csv', false, columns, [
        ['x"y', null],
        ['', 'two\nlines'],
      ]),
    ).toBe('"a,b",c\n"x""y",\n"","two\nlines"\n');
  });

  it('never sends an escape sequence to a terminal, and changes nothing for a program', () => {
    const columns = [{ name: 'a', typeOid: 25 }];
    expect(write('csv', true, columns, [['\x1b[2J']])).not.toContain('\x1b');
    expect(write('csv', false, columns, [['\x1b[2J']])).toContain('\x1b[2J');
  });
});

describe('a table', () => {
  it('is aligned, counts its rows and shows no control character', () => {
    const text = write(
      'table',
      true,
      [
        { name: 'id', typeOid: 23 },
        { name: 'name\x07', typeOid: 25 },
      ],
      [
        ['1', 'a\x1b]0;x\x07b'],
        ['1000', null],
      ],
    );
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    const [header, rule, first, second, count] = text.split('\n');
    expect(header?.startsWith('  id  name')).toBe(true);
    expect(rule).toMatch(/^──── {2}─+$/);
    expect(first).toMatch(/^ {3}1 {2}a/);
    expect(second).toBe('1000');
    expect(count).toBe('2 rows');
  });

  it('lines up wide characters', () => {
    const lines = write(
      'table',
      true,
      [
        { name: 'n', typeOid: 25 },
        { name: 'm', typeOid: 25 },
      ],
      [
        ['日本', 'x'],
        ['abcd', 'x'],
      ],
    ).split('\n');
    expect(lines[2]).toBe('日本  x');
    expect(lines[3]).toBe('abcd  x');
  });

  it('goes on after the rows it learnt its widths from', () => {
    const rows = Array.from({ length: 1000 }, (_, index): Row => [String(index)]);
    expect(write('table', true, [{ name: 'n', typeOid: 23 }], rows).split('\n')).toHaveLength(1004);
  });

  it('says what a statement without rows did', () => {
    const writer = openWriter('table', true);
    expect(
      writer.begin([]) + writer.end('UPDATE', 5) + writer.begin([]) + writer.end('CREATE TABLE', 0),
    ).toBe('UPDATE 5\nCREATE TABLE\n');
  });
});
