// Values written so that a search for their characters misses them: one level is seen through, and only that is claimed.
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../src/detectors/index.ts';

const scanner = createScanner();
const found = (text: string): string[] =>
  scanner.scan(text).map((span) => `${span.type}: ${text.slice(span.start, span.end)}`);
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

describe('values written in another way', () => {
  it.each([
    ['URL-encoded', 'to=ada%40example.com&x=1', 'email: ada%40example.com'],
    ['with encoded spaces', 'card=4111%201111%201111%201111&', 'payment-card: 4111%201111%201111%201111'],
    ['after an encoded character', 'q=%224111111111111111%22', 'payment-card: 4111111111111111'],
    ['in JSON escapes', '{"a":"\\u0034111111111111111"}', 'payment-card: \\u0034111111111111111'],
    ['with JSON’s escaped slashes', '"postgres:\\/\\/app:s3cret@db\\/x"', 'connection-string: s3cret'],
    ['in HTML entities', '<a>ada&#64;example.com</a>', 'email: ada&#64;example.com'],
    [
      'in full-width digits',
      '４１１１ １１１１ １１１１ １１１１。',
      'payment-card: ４１１１ １１１１ １１１１ １１１１',
    ],
    ['in Arabic digits', '٤١١١١١١١١١١١١١١١', 'payment-card: ٤١١١١١١١١١١١١١١١'],
    [
      'with zero-width spaces',
      'pan 4111\u200b1111\u200b1111\u200b1111',
      'payment-card: 4111\u200b1111\u200b1111\u200b1111',
    ],
    ['with soft hyphens', 'a\u00adda@example.com', 'email: a\u00adda@example.com'],
    ['with a byte order mark', '\ufeff4111111111111111', 'payment-card: 4111111111111111'],
  ])('are found %s', (_name, text, want) => {
    expect(found(text)).toContain(want);
    expect(found(bytes(text))).toContain(bytes(want));
  });

  it('are not found where there is nothing but encoding', () => {
    for (const text of [
      '%20%20%20',
      'a%2Fb%3Fc=100%25',
      '\\u0041\\u0042',
      '&#169;&#65;',
      '１２３４',
      'naïve íntimo',
      '100 % of 4111',
    ])
      expect(found(text)).toEqual([]);
  });

  it('keep plain findings as they are beside encoded ones', () => {
    expect(found('ada@example.com%20bob%40example.org')).toEqual([
      'email: ada@example.com',
      'email: bob%40example.org',
    ]);
    expect(found(`ada@example.com ${'x '.repeat(200)}bob%40example.org`)).toEqual([
      'email: ada@example.com',
      'email: bob%40example.org',
    ]);
  });

  it.each([
    ['percent-encoded twice', 'ada%2540example.com', 'email: ada%2540example.com'],
    ['entities of entities', 'ada&amp;#64;example.com', 'email: ada&amp;#64;example.com'],
    ['entities with zeros', 'ada&#X0040;example.com', 'email: ada&#X0040;example.com'],
    ['entities by name', 'ada&commat;example&period;com', 'email: ada&commat;example&period;com'],
    ['JSON in JSON', 'x \\\\\\u0034111111111111111', 'payment-card: \\\\\\u0034111111111111111'],
    ['\\x escapes', 'ada\\x40example.com', 'email: ada\\x40example.com'],
    ['octal escapes', 'ada\\100example.com', 'email: ada\\100example.com'],
    ['\\u{} escapes', 'ada\\u{40}example.com', 'email: ada\\u{40}example.com'],
    ['quoted-printable', 'ada=40example.com=3D', 'email: ada=40example.com'],
    ['soft line breaks', `${'w '.repeat(30)}41111111=\r\n11111111`, 'payment-card: 41111111=\r\n11111111'],
    ['plus signs of a form', 'pan=4111+1111+1111+1111&x', 'payment-card: 4111+1111+1111+1111'],
    ['Bengali digits', '৪১১১১১১১১১১১১১১১', 'payment-card: ৪১১১১১১১১১১১১১১১'],
    ['em spaces', '4111\u20031111\u20031111\u20031111', 'payment-card: 4111\u20031111\u20031111\u20031111'],
  ])('are found in %s', (_name, text, want) => {
    expect(found(text)).toContain(want);
    expect(found(bytes(text))).toContain(bytes(want));
  });

  it('are claimed unseen where they are written too deep', () => {
    const deep = Array.from({ length: 9 }).reduce<string>(
      (text) => text.replaceAll('%', '%25'),
      'ada%40example.com',
    );
    expect(found(deep)[0]).toMatch(/^(?:encoded|email): /);
  });

  it('do not spoil plain text', () => {
    for (const text of [
      'x=40 y=41',
      'C:\\users\\new',
      'a&b&c;d',
      'AT&T 100%',
      '2+2=4',
      "SELECT '%a%'",
      '—–―',
    ])
      expect(found(text)).toEqual([]);
  });
});
