// The scanner over the whole shelf: what it takes for what, where types overlap, and that hostile text costs no more.
import fc from 'fast-check';
import { isValidPhoneNumber } from 'libphonenumber-js/min';
import { describe, expect, it } from 'vitest';
import { createScanner, DATA_TYPES, DETECTORS } from '../../src/detectors/index.ts';
import { isInternational } from '../../src/detectors/phone-plan.ts';
import { mixedText } from '../bench/detector-corpus.ts';

const scanner = createScanner();
const found = (text: string): string[] =>
  scanner.scan(text).map((span) => `${span.type}: ${text.slice(span.start, span.end)}`);

describe('the scanner', () => {
  it('looks for all types that are on by default, or for those asked for', () => {
    expect(scanner.types).not.toContain('ip-address');
    expect([...createScanner(DATA_TYPES).types].sort()).toEqual(DATA_TYPES);
    expect(createScanner(['email', 'no-such-type']).types).toEqual(['email']);
    expect(createScanner([]).scan('ada@example.com')).toEqual([]);
    expect(DETECTORS.every((row) => row.summary.length > 10)).toBe(true);
  });

  it.each([
    ['a card in an assignment is a card', 'password=4111111111111111', ['payment-card: 4111111111111111']],
    [
      'a password in a URL is not an e-mail address',
      'postgres://app:s3@db.example.com/x',
      ['connection-string: s3'],
    ],
    [
      'a key in a header is a key',
      `Authorization: Bearer ${'ghp'}_${'0123456789abcdefghijABCDEFGHIJ012345'}`,
      [`cloud-key: ${'ghp'}_0123456789abcdefghijABCDEFGHIJ012345`],
    ],
    [
      'neighbours stay apart',
      'ada@example.com,4111111111111111',
      ['email: ada@example.com', 'payment-card: 4111111111111111'],
    ],
  ])('says that %s', (_name, text, want) => {
    expect(found(text)).toEqual(want);
  });

  it.each([
    '2026-01-31T23:59:59.123456789Z 2026-01-31 23:59:59,123 31/Jan/2026:10:00:00 +0000',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'sha256:4111111111111111411111111111111141111111111111114111111111111111',
    '550e8400-e29b-41d4-a716-446655440000 00000000-0000-4000-8000-000000000000',
    'v1.22.333 10.0.0.0/8 1.2.3-rc.4+build.5678 node_modules/@scope/pkg@1.2.3',
    'order 100000000042 invoice INV-2026-000123 tracking 1Z999AA10123456784 isbn 978-3-16-148410-0',
    'total 1,234,567.89 1 234 567 890 0x4111111111111111 3.141592653589793 6.02214076e23',
    'epoch 1700000000 1700000000000 1700000000000000 1700000000000000000',
    '{"id":9007199254740991,"ratio":0.4111111111111111,"etag":"W/\\"5f3c\\""}',
    'SELECT token, key_id, secret_name FROM api_keys WHERE password_hash IS NOT NULL',
    '0000000 4142 4344 4546 4748 494a 4b4c 4d4e 4f50\n0000010 5152 5354 5556 5758 595a 5b5c 5d5e 5f60',
    '52.520008, 13.404954; -73.985130 40.748817 1920x1080 12-34-56 192.168.10.100:8080',
    'ttyS0 at 0xd0000000 irq 4 [    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff]',
  ])('finds nothing in %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('finds the same in UTF-16 text as in the Latin-1 of its UTF-8 bytes', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom(
        '4111 1111 1111 1111',
        'ada@example.com',
        '“',
        '”',
        '\u00a0',
        '+44 20 7946 0958',
        'password=',
        'é',
        '東',
        ' ',
        ',',
        'GB82 WEST 1234 5698 7654 32',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('').toWellFormed();
        // `Ã` and a no-break space in UTF-16 are also `à` in bytes; there more is claimed rather than less.
        fc.pre(!/[\x80-\xff]{2}/.test(text));
        const bytes = Buffer.from(text).toString('latin1');
        const wide = scanner
          .scan(text)
          .map(
            (span) =>
              `${span.type} ${Buffer.from(text.slice(0, span.start)).length} ${Buffer.from(text.slice(0, span.end)).length}`,
          );
        const narrow = scanner.scan(bytes).map((span) => `${span.type} ${span.start} ${span.end}`);
        expect(narrow).toEqual(wide);
      }),
      { numRuns: 400 },
    );
  });

  it('judges international numbers as libphonenumber does', () => {
    const next = fc.sample(
      fc.tuple(
        fc.constantFrom(
          '1',
          '44',
          '49',
          '33',
          '39',
          '34',
          '31',
          '91',
          '55',
          '61',
          '81',
          '86',
          '7',
          '41',
          '46',
          '353',
          '971',
        ),
        fc.stringMatching(/^\d{6,12}$/),
      ),
      { seed: 1, numRuns: 4000 },
    );
    const differing = next.filter(
      ([code, rest]) =>
        !rest.startsWith('0') && isInternational(code + rest) !== isValidPhoneNumber(`+${code}${rest}`),
    );
    // Where the two differ it is a trunk prefix dialled behind the country code, which libphonenumber takes off.
    expect(differing.length / next.length).toBeLessThan(0.005);
  });

  it('keeps nothing between calls, and may be used again after any text', () => {
    const text = mixedText(20_000);
    const spans = scanner.scan(text);
    scanner.scan('password=password=password=');
    expect(scanner.scan(text)).toEqual(spans);
    expect(createScanner().scan(text)).toEqual(spans);
  });

  it('covers everything any single detector claims', () => {
    const text = `${mixedText(30_000)} password=4111111111111111 postgres://a:b@c.example.org tel: +44 20 7946 0958`;
    const together = scanner.scan(text);
    for (const type of scanner.types) {
      for (const span of createScanner([type]).scan(text)) {
        expect(together.some((each) => each.start <= span.start && each.end >= span.end)).toBe(true);
      }
    }
  });

  it('finds the same wherever a value stands in a text that is looked at in blocks', () => {
    const value = ' 4111 1111 1111 1111 ';
    for (const [filling, other] of [
      ['.', ''],
      ['.', '\u00e9'],
      ['\u4e2d', ''],
    ] as const)
      for (let at = 32_768 - value.length - 2; at <= 32_768 + 2; at++) {
        const text = `${other}${filling.repeat(at - other.length)}${value}${filling.repeat(40_000)}${value}`;
        const seen = scanner.scan(text).map((span) => [span.type, text.slice(span.start, span.end)]);
        expect(seen).toEqual([
          ['payment-card', '4111 1111 1111 1111'],
          ['payment-card', '4111 1111 1111 1111'],
        ]);
      }
  });
});
