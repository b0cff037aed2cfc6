// Untrusted text on somebody's terminal: nothing in it moves, hides, reorders or commands.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shorten, visible } from '../../src/lib/visible.ts';

describe('visible text', () => {
  it.each([
    ['escape sequences', 'a\x1b[2Jb\x1b]0;t\x07', 'a\\e[2Jb\\e]0;t\\x07'],
    ['line ends and tabs', 'a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['C1 controls and DEL', '\x9b31m\x7f', '\\x9b31m\\x7f'],
    ['bidirectional controls', 'a\u202eb\u2066', 'a\\u{202e}b\\u{2066}'],
    ['zero-width characters', 'pay\u200bpal\ufeff\u00ad', 'pay\\u{200b}pal\\u{feff}\\xad'],
    ['line separators', 'a\u2028b\u2029\u0085', 'a\\u{2028}b\\u{2029}\\x85'],
    ['lone surrogates', 'a\ud800b\udc00', 'a\\u{d800}b\\u{dc00}'],
    ['tags and private use', 'a\u{e0041}\ue000', 'a\\u{e0041}\\u{e000}'],
    ['odd spaces', 'a\u2003b\u00a0c', 'a\\u{2003}b c'],
  ])('shows %s', (_name, text, want) => {
    expect(visible(text)).toBe(want);
  });

  it('leaves ordinary text of any language alone', () => {
    const text = "SELECT 'Zoë', 'Łódź', '東京', 'مرحبا', '👍🏽' FROM t -- ok";
    expect(visible(text)).toBe(text);
  });

  it('keeps lines and tabs where several lines were asked for', () => {
    expect(visible('a\r\n\tb\rc', { multiline: true })).toBe('a\n\tb\\rc');
    expect(visible('a\n\tb', { multiline: true, tabs: false })).toBe('a\n\\tb');
  });

  it('is never longer than asked, and says when something is missing', () => {
    expect(visible('abcdef', { limit: 4 })).toBe('abc…');
    expect(visible('abcd', { limit: 4 })).toBe('abcd');
    expect(visible('👍👍👍', { limit: 2 })).toBe('👍…');
    expect(shorten('abc', 0)).toBe('');
    expect(visible('\x1b'.repeat(1e6), { limit: 10 })).toHaveLength(10);
  });

  it('stacks only so many marks on one letter', () => {
    expect(visible(`a${'\u0301'.repeat(50)}`)).toBe(`a${'\u0301'.repeat(4)}`);
  });

  it('holds no control, whatever comes in, and is stable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 40 }), (text, limit) => {
        const shown = visible(text, { limit });
        expect(shown).not.toMatch(
          /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]|\p{Surrogate}/u,
        );
        expect([...shown].length).toBeLessThanOrEqual(limit);
        expect(visible(shown)).toBe(shown);
      }),
    );
  });
});
