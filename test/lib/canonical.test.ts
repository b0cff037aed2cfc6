import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanonicalError, canonical, parseCanonical, parseCanonicalBytes } from '../../src/lib/canonical.ts';

const text = () => fc.string({ unit: 'binary' }).filter((each) => !/\p{Surrogate}/u.test(each));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    text(),
    fc.array(tie('any')),
    fc.dictionary(text(), tie('any'), { noNullPrototype: true }),
  ),
})).any;

describe('canonical JSON', () => {
  it('is what the independent implementation of RFC 8785 prints', () => {
    fc.assert(
      fc.property(value, (each) => {
        expect(canonical(each)).toBe(canonicalize(each));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads back what it printed, and prints it again the same', () => {
    fc.assert(
      fc.property(value, (each) => {
        const once = canonical(each);
        expect(canonical(parseCanonical(once))).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });

  it('sorts as RFC 8785 section 3.2.3 shows', () => {
    const names = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonical(names).matchAll(/:"([^"]*)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('writes strings as RFC 8785 section 3.2.2.2 shows', () => {
    expect(canonical('\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/')).toBe(
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
    );
    expect(canonical('\u007f\u2028\b\f\t')).toBe('"\u007f\u2028\\b\\f\\t"');
  });

  it.each([
    ['a float', { a: [0.5] }, 'a.0'],
    ['an integer beyond 2^53-1', { n: 2 ** 53 }, 'n'],
    ['not a number', Number.NaN, ''],
    ['a lone surrogate', ['\ud800'], '0'],
    ['a lone surrogate in a key', { '\udc00': 1 }, '\udc00'],
    ['undefined in an array', [undefined], '0'],
    ['a bigint', { n: 1n }, 'n'],
    ['a date', { at: new Date(0) }, 'at'],
    ['a map', new Map(), ''],
  ])('refuses %s and says where', (_, each, path) => {
    expect(() => canonical(each)).toThrow(CanonicalError);
    try {
      canonical(each);
    } catch (error) {
      expect((error as CanonicalError).path).toBe(path);
    }
  });

  it('refuses what is nested too deep, in both directions', () => {
    const deep = `${'['.repeat(65)}${']'.repeat(65)}`;
    expect(() => parseCanonical(deep)).toThrow(CanonicalError);
    expect(parseCanonical(deep.slice(1, -1))).toBeDefined();
  });

  it.each([
    '{"a":1,"a":1}',
    '{"b":1,"a":1}',
    '{"a": 1}',
    '[1.0]',
    '[1e2]',
    '[-0]',
    '["\\u0041"]',
    '["\\/"]',
    '[9007199254740993]',
    '["\\ud800"]',
    ' 1',
    '1\n',
    '{"__proto__":1,"__proto__":1}',
    '',
    '{',
    'nul',
  ])('does not read %j, which has another spelling or none', (each) => {
    expect(() => parseCanonical(each)).toThrow(CanonicalError);
  });

  it('reads a key named __proto__ as a key', () => {
    expect(canonical(parseCanonical('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  });

  it('does not read bytes that are too many or not UTF-8', () => {
    expect(() => parseCanonicalBytes(Buffer.from('"aaaa"'), 5)).toThrow('longer than 5 bytes');
    expect(() => parseCanonicalBytes(Buffer.from([0x22, 0xff, 0x22]), 10)).toThrow('not UTF-8');
    expect(() => parseCanonicalBytes(Buffer.from([0xef, 0xbb, 0xbf, 0x31]), 10)).toThrow(CanonicalError);
  });
});
