// What an approver reads: every character of the text is there, in its place, and the rows fit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codesOf, exact, exactWords } from '../../src/lib/exact.ts';
import { displayWidth } from '../../src/lib/table.ts';

const rows = (text: string, width = 40) => exact(text, width).rows.map((row) => row.text);

describe('exact text', () => {
  it.each([
    ['escape sequences', '\x1b[2J\x1b]52;c;AAAA\x07', '\\e[2J\\e]52;c;AAAA\\x07'],
    ['a carriage return that would overwrite', 'DROP TABLE a\rSELECT 1', 'DROP TABLE a\\rSELECT 1'],
    ['bidirectional overrides', 'a\u202eb\u2066', 'a\\u{202e}b\\u{2066}'],
    ['letters from right to left', 'a\u05d0 1', 'a\\u{5d0} 1'],
    ['zero-width characters and joiners', 'o\u200br\u200dd', 'o\\u{200b}r\\u{200d}d'],
    ['marks that stack', 'e\u0301\u0301', 'e\\u{301}\\u{301}'],
    ['blanks that are no spaces', 'a\u00a0b\u3000c\u2800d', 'a\\u{a0}b\\u{3000}c\\u{2800}d'],
    ['fillers', 'a\u3164b\u115f', 'a\\u{3164}b\\u{115f}'],
    ['flags and skin tones', '\u{1f1e9}\u{1f3fb}', '\\u{1f1e9}\\u{1f3fb}'],
    ['the sign that stands for a tab', 'a→b', 'a\\u{2192}b'],
  ])('shows %s', (_name, text, want) => {
    expect(rows(text, 80)).toEqual([want]);
  });

  it('shows tabs as stops', () => {
    expect(rows('\tab\tc')).toEqual(['→   ab→ c']);
  });

  it('leaves ordinary letters of other scripts alone', () => {
    const text = "SELECT 'Zoë', 'Łódź', '東京', 'Ελλάδα', '👍'";
    expect(rows(text, 80)).toEqual([text]);
  });

  it('wraps long lines and says which rows go on', () => {
    const { rows: found, lines } = exact(`${'x'.repeat(25)}\ny`, 12);
    expect(found.map(({ text, line, first }) => [text, line, first])).toEqual([
      ['x'.repeat(12), 1, true],
      ['x'.repeat(12), 1, false],
      ['x', 1, false],
      ['y', 2, true],
    ]);
    expect(lines).toBe(2);
  });

  it('never splits a code over two rows', () => {
    expect(rows(`${'x'.repeat(10)}\u202e`, 12)).toEqual(['x'.repeat(10), '\\u{202e}']);
  });

  it('counts what is written by code', () => {
    expect(codesOf(exact('\x1b\x1b\u202e', 80))).toBe('2 × \\e, 1 × \\u{202e}');
    expect(codesOf(exact('SELECT\t1\n', 80))).toBe('');
    expect(codesOf(exact('\x01\x02\x03', 80), 1)).toBe('1 × \\x01, 2 more kinds');
  });

  it('shows every code point once, in rows that fit, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 12, max: 60 }), (text, width) => {
        const { rows: found, length } = exact(text, width);
        expect(length).toBe([...text].length);
        expect(found.at(-1)?.end).toBe(length);
        for (const row of found) {
          expect(displayWidth(row.text)).toBeLessThanOrEqual(width);
          expect(row.text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{M}\u2028\u2029]/u);
        }
        const ends = found.map(({ end }) => end);
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
      }),
    );
  });

  it('breaks prose at blanks, and words that are too long anywhere', () => {
    expect(exactWords('the reason is a long one', 12)).toEqual(['the reason', 'is a long', 'one']);
    expect(exactWords(`a ${'x'.repeat(15)} \u202e`, 12)).toEqual([`a`, 'x'.repeat(12), 'xxx \\u{202e}']);
    expect(exactWords('', 12)).toEqual(['']);
  });
});
