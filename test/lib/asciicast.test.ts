// asciicast v2: what we write we read back, and what is not asciicast is refused with its line.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CastEncoder,
  CastError,
  type CastEvent,
  type CastHeader,
  encodeEvent,
  encodeHeader,
  readCast,
} from '../../src/lib/asciicast.ts';

async function* chunks(bytes: Uint8Array, size = bytes.length || 1): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Uint8Array, size?: number): Promise<(CastHeader | CastEvent)[]> {
  const items: (CastHeader | CastEvent)[] = [];
  for await (const item of readCast(chunks(Buffer.from(text), size), { total: 100_000, line: 10_000 }))
    items.push(item);
  return items;
}

const HEADER = encodeHeader({ width: 80, height: 24, timestamp: 1_700_000_000 });
const HEADER_ITEM = { version: 2, width: 80, height: 24, timestamp: 1_700_000_000 };

describe('asciicast', () => {
  it('reads back what it wrote, plain or gzipped, in pieces of any size', async () => {
    const events: CastEvent[] = [
      { time: 0, code: 'o', data: 'é\x1b[31m"\\\n' },
      { time: 0.123457, code: 'i', data: 'x' },
      { time: 2, code: 'r', data: '100x30' },
    ];
    const text = HEADER + events.map(encodeEvent).join('');
    for (const size of [1, 2, 7, 4096]) {
      expect(await read(text, size)).toEqual([HEADER_ITEM, ...events]);
      expect(await read(gzipSync(text), size)).toEqual([HEADER_ITEM, ...events]);
    }
  });

  it('reads back any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 10 }),
        async (texts) => {
          const events = texts.map((data, time): CastEvent => ({ time, code: 'o', data }));
          expect(await read(HEADER + events.map(encodeEvent).join(''))).toEqual([HEADER_ITEM, ...events]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('puts a character that was split between two reads into the later event', () => {
    const encoder = new CastEncoder(1_000_000);
    const [a, b] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
    expect(encoder.bytes(1_500_000, 'o', a)).toBe('');
    expect(encoder.bytes(1_600_001, 'o', b)).toBe('[0.600001, "o", "é"]\n');
    expect(encoder.resize(2_000_000, 80, 24)).toBe('[1.0, "r", "80x24"]\n');
    encoder.bytes(2_000_000, 'o', a);
    expect(encoder.end(3_000_000)).toBe('[2.0, "o", "\ufffd"]\n');
  });

  it.each([
    ['nothing', '', 1],
    ['another version', '{"version":1,"width":80,"height":24}\n', 1],
    ['no size', '{"version":2}\n', 1],
    ['an absurd size', '{"version":2,"width":1e9,"height":24}\n', 1],
    ['an event that is no array', `${HEADER}{}\n`, 2],
    ['a time that is no number', `${HEADER}["0","o","x"]\n`, 2],
    ['time running backwards', `${HEADER}[2,"o","x"]\n[1,"o","x"]\n`, 3],
    ['an unknown code', `${HEADER}[0,"x","x"]\n`, 2],
    ['a resize without size', `${HEADER}[0,"r","big"]\n`, 2],
    ['a last line cut off', `${HEADER}[0,"o","x"]`, 2],
    ['a line too long', `${HEADER}[0,"o","${'x'.repeat(10_000)}"]\n`, 2],
    ['too much altogether', HEADER + '[0,"o","xxxxxxxxxxxxxxxxxxxxxxx"]\n'.repeat(4000), 1],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(HEADER), Buffer.from([0xff, 10])]), 2],
  ])('refuses %s', async (_name, text, line) => {
    const failure = await read(text).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CastError);
    expect((failure as CastError).line).toBeGreaterThanOrEqual(line);
  });

  it('refuses what inflates to more than the limit, and what is cut off', async () => {
    await expect(read(gzipSync(HEADER + ' '.repeat(200_000)))).rejects.toThrow();
    await expect(read(gzipSync(HEADER).subarray(0, 30))).rejects.toThrow();
  });
});
