// Tables and documents as text: what stands under a telling name is hidden there too, and prose is left alone.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { DocumentMasker } from '../../../src/flow/mask/document.ts';

const masker = new DocumentMasker({
  scanner: createScanner(),
  revealed: new Set(),
  strategies: {},
  hashKey: Buffer.alloc(32, 7),
});

const TABLES: Readonly<Record<string, readonly [text: string, masked: string]>> = {
  CSV: [
    'id,login,password\n1,ada,tiger\n2,bob,two words\n',
    'id,login,password\n1,ada,[password]\n2,bob,[password]\n',
  ],
  'CSV with quotes, line ends of Windows and an empty value': [
    '"id","pesel","note"\r\n"1","44051401458","a, b"\r\n"2","","x"\r\n"3","44051401458","say ""hi"", 1"\r\n',
    '"id","pesel","note"\r\n"1","[pl-pesel]","a, b"\r\n"2","","x"\r\n"3","[pl-pesel]","say ""hi"", 1"\r\n',
  ],
  'CSV with semicolons and a value over two lines': [
    'dob;note\n1980-02-03;"a\nb"\n1981-02-03;c',
    'dob;note\n[date-of-birth];"a\nb"\n[date-of-birth];c',
  ],
  'tab-separated': ['cvv\tcard holder\n123\tA B\n', 'cvv\tcard holder\n[card-code]\tA B\n'],
  psql: [
    ' id | password \n----+----------\n  1 | tiger\n  2 | my dog\n(2 rows)\n',
    ' id | password \n----+----------\n  1 | [password]\n  2 | [password]\n(2 rows)\n',
  ],
  Markdown: [
    'Here you are:\n\n| id | pwd |\n| -: | :-- |\n| 1 | x |\n| 2 | yy |\n\nThat is all.',
    'Here you are:\n\n| id | pwd |\n| -: | :-- |\n| 1 | [password] |\n| 2 | [password] |\n\nThat is all.',
  ],
  'a frame of mysql': [
    '+----+--------+\n| id | passwd |\n+----+--------+\n|  1 | tiger  |\n+----+--------+\n',
    '+----+--------+\n| id | passwd |\n+----+--------+\n|  1 | [password]  |\n+----+--------+\n',
  ],
  'CSV in a fence': ['```csv\nid,ssn\n1,219099999\n```\n', '```csv\nid,ssn\n1,[us-ssn]\n```\n'],
};

const PROSE: readonly string[] = [
  'Please choose a password, a name, and a colour.\nThen log in, look around, and leave.\n',
  'id,name\n1,tiger\n',
  'The key | is under | the mat\nand | so | on\n',
  'key, value\na, b\n',
];

describe('tables in text', () => {
  it.each(Object.keys(TABLES))('hides what stands under a telling name: %s', (name) => {
    const [text = '', masked = ''] = TABLES[name] ?? [];
    expect(masker.text(text)).toBe(masked);
    expect(masker.mask({ content: [{ type: 'text', text }] }).value.content[0]?.text).toBe(masked);
  });

  it.each(PROSE)('leaves alone: %s', (text) => expect(masker.text(text)).toBe(text));

  it('answers any text, in any order of lines', () => {
    const cell = fc.oneof(
      fc.constantFrom('password', 'id', '"', '|', ',', 'a b', '--', '', '\r', '```'),
      fc.string({ maxLength: 5 }),
    );
    const line = fc.array(cell, { maxLength: 6 }).map((cells) => cells.join(','));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        expect(typeof masker.text(lines.join('\n'))).toBe('string');
      }),
    );
  });

  it('is linear in the text', () => {
    const rows = Array.from({ length: 40_000 }, (_, row) => `${row},"tiger ""${row}"""`);
    const masked = masker.text(`id,password\n${rows.join('\n')}\n`);
    expect(masked).not.toContain('tiger');
    expect(masked.split('\n')).toHaveLength(40_002);
  });
});

describe('documents', () => {
  const hide = (value: unknown): unknown => masker.mask({ value }).value.value;

  it('hides what a key announces: short words, whole sentences, numbers and elements of an array', () => {
    const document = {
      password: 'abc',
      pwd: 'my dog Rex',
      ssn: 219099999,
      cvv: 123,
      pesel: ['44051401458'],
      n: 219099999,
    };
    const masked = {
      password: '[password]',
      pwd: '[password]',
      ssn: '[us-ssn]',
      cvv: '[card-code]',
      pesel: ['[pl-pesel]'],
      n: 219099999,
    };
    expect(hide(document)).toEqual(masked);
    expect(JSON.parse(hide(JSON.stringify(document)) as string)).toEqual(masked);
  });

  it('ends a key where its array ends', () => {
    const document = { list: [{ password: 'abc' }, 'free text', 219099999], password: ['a', 'b'] };
    const masked = {
      list: [{ password: '[password]' }, 'free text', 219099999],
      password: ['[password]', '[password]'],
    };
    expect(hide(document)).toEqual(masked);
    expect(JSON.parse(hide(JSON.stringify(document)) as string)).toEqual(masked);
  });
});
