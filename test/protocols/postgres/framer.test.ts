import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer, type FrameSink } from '../../../src/protocols/postgres/framer.ts';
import { int32, message } from '../../../src/protocols/postgres/messages.ts';

/** Collects what the framer gives, copying as a real sink would before a buffer is used again. */
class Collector implements FrameSink {
  readonly frames: string[] = [];
  passed = Buffer.alloc(0);
  stopAt = -1;
  readonly streamed: (type: number) => boolean;

  constructor(streamed: (type: number) => boolean = () => false) {
    this.streamed = streamed;
  }

  frame(type: number, buffer: Buffer, start: number, end: number): boolean {
    if (this.frames.length === this.stopAt) return false;
    this.frames.push(`${type}:${buffer.toString('hex', start + 5, end)}`);
    this.passed = Buffer.concat([this.passed, buffer.subarray(start, end)]);
    return true;
  }

  streams(type: number): boolean {
    return this.streamed(type);
  }

  piece(buffer: Buffer, start: number, end: number): void {
    this.passed = Buffer.concat([this.passed, buffer.subarray(start, end)]);
  }

  settle(): void {}
}

const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 40 })), {
  maxLength: 12,
});
const wire = (list: readonly (readonly [number, Uint8Array])[]) =>
  Buffer.concat(list.map(([type, body]) => message(type, body)));

describe('the framer', () => {
  it('gives the same messages however the stream is split', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.nat({ max: 60 }), { maxLength: 40 }),
        fc.boolean(),
        (list, sizes, stream) => {
          const bytes = wire(list);
          const sink = new Collector((type) => stream && type % 2 === 0);
          const framer = new Framer('server');
          // One buffer for every read, as sockets use it: what a frame shows must not be needed later.
          const buffer = Buffer.alloc(64);
          let at = 0;
          for (let turn = 0; at < bytes.length; turn++) {
            const size = Math.min(sizes[turn % Math.max(sizes.length, 1)] ?? 7, bytes.length - at) || 1;
            bytes.copy(buffer, 3, at, at + size);
            expect(framer.push(buffer, 3, 3 + size, sink)).toBe(3 + size);
            at += size;
          }
          expect(sink.passed.equals(bytes)).toBe(true);
          expect(framer.between && framer.carried === 0).toBe(true);
          if (!stream)
            expect(sink.frames).toEqual(
              list.map(([type, body]) => `${type}:${Buffer.from(body).toString('hex')}`),
            );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('splits at every byte', () => {
    const bytes = wire([
      [0x51, Buffer.from('select 1\0')],
      [0x53, Buffer.alloc(0)],
      [0x44, Buffer.from('S\0')],
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const sink = new Collector();
      const framer = new Framer('client');
      framer.push(bytes, 0, cut, sink);
      framer.push(bytes, cut, bytes.length, sink);
      expect(sink.frames).toEqual(['81:73656c656374203100', '83:', '68:5300']);
    }
  });

  it('stops before a message and begins with it again, split or not', () => {
    const bytes = wire([
      [1, Buffer.from('a')],
      [2, Buffer.from('b')],
      [3, Buffer.from('c')],
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const sink = new Collector();
      sink.stopAt = 1;
      const framer = new Framer('client');
      const rest: Buffer[] = [];
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        if (framer.stopped) rest.push(part);
        else {
          const at = framer.push(part, 0, part.length, sink);
          if (framer.stopped) rest.push(part.subarray(at));
        }
      }
      expect(sink.frames).toEqual(['1:61']);
      sink.stopAt = -1;
      for (const part of rest) framer.push(part, 0, part.length, sink);
      expect(sink.frames).toEqual(['1:61', '2:62', '3:63']);
    }
  });

  it.each([0, 3, -1, -2_147_483_648])('refuses a length of %i', (length) => {
    const bytes = Buffer.concat([Buffer.from('Q'), int32(length)]);
    for (let cut = 0; cut < 5; cut++) {
      const framer = new Framer('client');
      framer.push(bytes, 0, cut, new Collector());
      expect(() => framer.push(bytes, cut, 5, new Collector())).toThrowError(
        expect.objectContaining({ code: 'protocol-violation' }),
      );
    }
  });

  it('takes no memory for a message that only says it is long', () => {
    const framer = new Framer('client');
    const before = process.memoryUsage().arrayBuffers;
    framer.push(
      Buffer.concat([Buffer.from('Q'), int32(2_000_000_000), Buffer.alloc(100)]),
      0,
      105,
      new Collector(),
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('never crashes on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const sink = new Collector();
        try {
          new Framer('server').push(Buffer.from(bytes), 0, bytes.length, sink);
        } catch (error) {
          expect(error).toMatchObject({ code: 'protocol-violation' });
        }
        expect(Buffer.from(bytes.subarray(0, sink.passed.length)).equals(sink.passed)).toBe(true);
      }),
    );
  });
});
