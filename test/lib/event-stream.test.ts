// Server-sent events, however the bytes are cut.
import { describe, expect, it } from 'vitest';
import { EventStream } from '../../src/lib/event-stream.ts';

const TEXT =
  '\uFEFF: a comment\r\nid: 1\r\ndata: {"a":\r\ndata: "ü€𝄞"}\r\n\r\nevent: other\ndata:x\n\nid: 2\rdata\r\rretry: 250\ndata: last\nid: 3\n\nretry: soon\ndata: no end';

const EVENTS = [
  { type: 'message', data: '{"a":\n"ü€𝄞"}' },
  { type: 'other', data: 'x' },
  { type: 'message', data: '' },
  { type: 'message', data: 'last' },
];

describe('an event stream', () => {
  it('reads the same whether its bytes come at once, one by one, or cut anywhere', () => {
    const bytes = Buffer.from(TEXT);
    const whole = new EventStream();
    expect(whole.push(bytes)).toEqual(EVENTS);
    expect(whole).toMatchObject({ lastId: '3', retry: 250 });
    const single = new EventStream();
    expect([...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)))).toEqual(EVENTS);
    for (let cut = 1; cut < bytes.length; cut++) {
      const stream = new EventStream();
      const events = [...stream.push(bytes.subarray(0, cut)), ...stream.push(bytes.subarray(cut))];
      expect({ events, lastId: stream.lastId }, `cut at ${cut}`).toEqual({ events: EVENTS, lastId: '3' });
    }
  });

  it('keeps no id of an event that never ended, and none with a NUL', () => {
    const stream = new EventStream();
    stream.push(Buffer.from('id: good\n\nid: b\0d\n\nid: unfinished\ndata: x\n'));
    expect(stream.lastId).toBe('good');
  });

  it('refuses an event beyond its limit, in one line or in many', () => {
    expect(() => new EventStream(100).push(Buffer.from(`data: ${'x'.repeat(101)}`))).toThrow(RangeError);
    const many = new EventStream(100);
    expect(() => many.push(Buffer.from('data: xxxxxxxxxx\n'.repeat(11)))).toThrow(RangeError);
  });

  it('reads ten mebibytes in small pieces in reasonable time', () => {
    const stream = new EventStream();
    const piece = Buffer.from('x'.repeat(1024));
    stream.push(Buffer.from('data: '));
    for (let count = 0; count < 10 * 1024; count++) stream.push(piece);
    const [event] = stream.push(Buffer.from('\n\n'));
    expect(event?.data).toHaveLength(10 << 20);
  });
});
