// A terminal's output masked as it passes: whole lines at once, unfinished ones held back, nothing else changed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { StreamMasker } from '../../../src/flow/mask/stream.ts';

const scanner = createScanner();
const masker = (columns = 0): StreamMasker =>
  new StreamMasker({ scanner, strategies: { phone: 'partial' }, hashKey: Buffer.alloc(32), columns });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const all = (input: string, columns = 0): string => {
  const stream = masker(columns);
  return text(stream.push(Buffer.from(input))) + text(stream.flush(true));
};

describe('the stream masker', () => {
  it('shows finished lines at once and holds an unfinished one until it is flushed', () => {
    const stream = masker();
    expect(text(stream.push(Buffer.from('one\ntwo')))).toBe('one\n');
    expect(stream.holding).toBe(true);
    expect(text(stream.flush())).toBe('two');
    expect(stream.holding).toBe(false);
  });

  it('masks what a flush has cut in two, and shows no more of it', () => {
    const stream = masker();
    const first = text(stream.push(Buffer.from('card 4111 1111 11'))) + text(stream.flush());
    const rest = text(stream.push(Buffer.from('11 1111\n'))) + text(stream.flush());
    expect(first).toBe('card 4111 1111 11');
    expect(rest).toBe('[payment-card]\n');
  });

  it('does not repeat the mask of a value that goes on after a flush', () => {
    const stream = masker();
    const head = ['-----BEGIN ', 'PRIVATE KEY-----\nMIIEvQIBADAN\n'].join('');
    const first = text(stream.push(Buffer.from(head))) + text(stream.flush());
    const rest = text(stream.push(Buffer.from('hkiG9w0BAQEF\n'))) + text(stream.flush());
    const end =
      text(stream.push(Buffer.from(['-----END ', 'PRIVATE KEY-----\nafter\n'].join('')))) +
      text(stream.flush());
    expect(first + rest + end).not.toMatch(/MII|hki/);
    expect(first + rest + end).toMatch(/^\[private-key\]\s*after\n$/);
  });

  it('keeps every escape sequence, those inside a value behind its mask', () => {
    expect(all('\x1b[31m4111\x1b[1m1111\x1b[K11111111\x1b[0m ok\n')).toBe(
      '\x1b[31m[payment-card]\x1b[1m\x1b[K\x1b[0m ok\n',
    );
  });

  it('masks inside titles and clipboard writes', () => {
    expect(all('\x1b]0;ada@example.com\x07x\n')).toBe('\x1b]0;[email]\x07x\n');
  });

  it('sees through soft wraps at the terminal’s width', () => {
    expect(all('card 41111\r\n11111111111\r\n', 10)).toBe('card [payment-card]\r\n\r\n');
    expect(all('card 41111 \r11111111111\r\n', 10)).toBe('card [payment-card] \r\r\n');
    expect(all('card 41111\r\n11111111111\r\n', 12)).toBe('card 41111\r\n11111111111\r\n');
  });

  it('masks across NUL and other controls that draw nothing', () => {
    expect(all('4111\x001111\x0711111111\n')).toBe('[payment-card]\x00\x07\n');
  });

  it('applies the strategy of each type, and counts', () => {
    const stream = masker();
    expect(text(stream.push(Buffer.from('+44 20 7946 0958,ada@example.com\n#\n')))).toBe(
      '+** ** **** *958,[email]\n#\n',
    );
    expect(stream.found).toBe(2);
  });

  it('releases an endless line in bounded memory', () => {
    const stream = masker();
    let released = 0;
    for (let i = 0; i < 64; i += 1) released += stream.push(Buffer.alloc(4096, 'ab_cd-ef')).length;
    expect(released).toBeGreaterThan(64 * 4096 - 80_000);
  });

  it('waits for the rest of an escape sequence, but not for ever', () => {
    const stream = masker();
    expect(text(stream.push(Buffer.from('a\n\x1b[3')))).toBe('a\n');
    expect(text(stream.flush())).toBe('');
    expect(text(stream.push(Buffer.from('1mb\n')))).toBe('\x1b[31mb\n');
    const unending = `\x1b]0;${'x'.repeat(10_000)}\n`;
    expect(all(unending)).toBe(unending);
  });

  it('changes no byte of what holds nothing sensitive, however it arrives', () => {
    const none = new StreamMasker({
      scanner: createScanner([]),
      strategies: {},
      hashKey: new Uint8Array(32),
      columns: 8,
    });
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc
        .constantFrom('\r\n', ' \r', '\x1b[31m', '\x1b]0;x', '\x1b\\', '\x1b', 'abcdefgh', 'é', '\x07')
        .map((s) => Buffer.from(s)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 60 }), (pieces) => {
        const out: Buffer[] = [];
        for (const [bytes, flushed] of pieces) {
          out.push(none.push(bytes));
          if (flushed) out.push(none.flush());
        }
        out.push(none.flush(true));
        expect(Buffer.concat(out)).toEqual(Buffer.concat(pieces.map(([bytes]) => bytes)));
      }),
      { numRuns: 300 },
    );
  });

  it('masks the same whatever the chunks, as long as nothing is flushed', () => {
    const whole =
      'x 4111 1111 1111 1111 12/27\r\nmail ada@example.com, "b@example.org"\x1b[0m\r\npassword=hunter2 y\r\nsee é\r\n#\r\n';
    const want = all(whole);
    expect(want).not.toMatch(/4111|@|hunter2/);
    const bytes = Buffer.from(whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 }), (cuts) => {
        const stream = masker();
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const out = places.slice(1).map((end, i) => text(stream.push(bytes.subarray(places[i], end))));
        expect(out.join('') + text(stream.flush(true))).toBe(want);
      }),
    );
  });
});
