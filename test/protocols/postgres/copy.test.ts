import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ticket } from '../../../src/flow/conversation.ts';
import type { CopyShape } from '../../../src/model/classification.ts';
import type { CellMask } from '../../../src/model/masking.ts';
import { CopyOut } from '../../../src/protocols/postgres/copy.ts';
import { message } from '../../../src/protocols/postgres/messages.ts';
import { Outbox } from '../../../src/protocols/postgres/outbox.ts';

const shape = (format: CopyShape['format'], more: Partial<CopyShape> = {}): CopyShape => ({
  direction: 'out',
  format,
  delimiter: format === 'csv' ? ',' : '\t',
  quote: '"',
  escape: '"',
  null: format === 'csv' ? '' : '\\N',
  header: false,
  ...more,
});

/** Payloads of the CopyData messages in a stream. */
function payloads(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at + 1) + 1)
    parts.push(bytes.subarray(at + 5, at + bytes.readInt32BE(at + 1) + 1));
  return Buffer.concat(parts);
}

/** Sends `data` cut after each of `cuts` bytes; returns what leaves and the values the mask saw. */
function through(
  data: Buffer,
  cuts: readonly number[],
  form: CopyShape,
  columns: number,
  mask: (seen: string) => Uint8Array | null | undefined,
): { out: Buffer; seen: string[] } {
  const seen: string[] = [];
  const cell: CellMask = (buffer, start, end) => {
    const text = Buffer.from(buffer.subarray(start, end)).toString('latin1');
    seen.push(text);
    return mask(text);
  };
  const ticket = { sampling: false } as unknown as Ticket;
  const cells = Array.from({ length: columns }, (_, index) => (index === 1 ? cell : undefined));
  const copy = new CopyOut(form, { untouched: false, cells }, ticket, columns, form.format === 'binary');
  const outbox = new Outbox();
  let at = 0;
  for (let turn = 0; at < data.length; turn++) {
    const size = Math.max(1, cuts[turn % Math.max(cuts.length, 1)] ?? data.length);
    const part = message(0x64, data.subarray(at, at + size));
    copy.push(part, 0, part.length, outbox);
    // The read buffer is used again before the outbox is taken only after settling.
    outbox.settle();
    part.fill(0);
    at += size;
  }
  copy.end();
  return { out: payloads(outbox.take()), seen };
}

const TEXT = Buffer.from('1\tone\\ttab\\\\ \\n\tx\n2\t\\N\ty\n3\t\tz\n\\N\tlast\t\\N\n');
const CSV = Buffer.from('1,"a,""b""\nnew",x\n2,,y\n3,"",z\n4,plain,"q"\n');

function binary(rows: readonly (readonly (string | null)[])[]): Buffer {
  const parts = [Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)];
  for (const row of rows) {
    const head = Buffer.alloc(2);
    head.writeInt16BE(row.length);
    parts.push(head);
    for (const value of row) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
      parts.push(length, Buffer.from(value ?? ''));
    }
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xff])]);
}

const BINARY = binary([
  ['1', 'one', 'x'],
  ['2', null, 'y'],
  ['3', '', 'z'],
]);

describe('COPY out', () => {
  const cases = [
    ['text', TEXT, 3, ['one\ttab\\ \n', '', 'last']],
    ['csv', CSV, 3, ['a,"b"\nnew', '', 'plain']],
    ['binary', BINARY, 3, ['one', '']],
  ] as const;

  it.each(cases)(
    'sees the same values of %s and changes nothing, split at every byte',
    (format, data, columns, values) => {
      for (let cut = 1; cut <= data.length; cut++) {
        const { out, seen } = through(data, [cut, data.length], shape(format), columns, () => undefined);
        expect(seen).toEqual(values);
        expect(out.equals(data)).toBe(true);
      }
    },
  );

  it.each(cases)('masks %s wherever it is split', (format, data, columns) => {
    const whole = through(data, [data.length], shape(format), columns, () => Buffer.from('[m]'));
    for (let cut = 1; cut <= data.length; cut++)
      expect(through(data, [cut], shape(format), columns, () => Buffer.from('[m]')).out).toEqual(whole.out);
  });

  it('writes a masked value so that it reads back as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii', maxLength: 20 }),
        fc.constantFrom('text', 'csv', 'binary'),
        (text, format) => {
          fc.pre(!text.includes('\0') && !(format === 'csv' && text === ''));
          const data = { text: TEXT, csv: CSV, binary: BINARY }[format];
          const form = shape(format as CopyShape['format']);
          const masked = through(data, [], form, 3, () => Buffer.from(text));
          const again = through(masked.out, [], form, 3, () => undefined);
          expect(again.seen).toEqual(masked.seen.map(() => text));
          expect(again.out.equals(masked.out)).toBe(true);
        },
      ),
    );
  });

  it('turns values into NULL in each format’s own way', () => {
    expect(through(TEXT, [], shape('text'), 3, () => null).out.toString()).toBe(
      '1\t\\N\tx\n2\t\\N\ty\n3\t\\N\tz\n\\N\t\\N\t\\N\n',
    );
    expect(through(CSV, [], shape('csv'), 3, () => null).out.toString()).toBe('1,,x\n2,,y\n3,,z\n4,,"q"\n');
    expect(through(BINARY, [], shape('binary'), 3, () => null).out).toEqual(
      binary([
        ['1', null, 'x'],
        ['2', null, 'y'],
        ['3', null, 'z'],
      ]),
    );
  });

  it('leaves a header line alone and follows other delimiters, quotes and escapes', () => {
    const data = Buffer.from("id;card\n1;'a;\\'b'\n2;c\n");
    const form = shape('csv', { delimiter: ';', quote: "'", escape: '\\', header: true });
    const { out, seen } = through(data, [3], form, 2, () => Buffer.from("it's"));
    expect(seen).toEqual(["a;'b", 'c']);
    expect(out.toString()).toBe("id;card\n1;'it\\'s'\n2;'it\\'s'\n");
  });

  it.each([
    ['a record with another number of columns', Buffer.from('1\t2\n')],
    ['a stream that ends in the middle of a record', Buffer.from('1\t2\t3')],
  ])('refuses %s', (_, data) => {
    expect(() => through(data, [], shape('text'), 3, () => undefined)).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  });

  it('refuses binary data without its signature', () => {
    expect(() => through(Buffer.alloc(30), [], shape('binary'), 3, () => undefined)).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  });
});
