import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellMask, ResultMask } from '../../../src/model/masking.ts';
import { int32, message } from '../../../src/protocols/postgres/messages.ts';
import { Outbox } from '../../../src/protocols/postgres/outbox.ts';
import { maskRow, rowValues } from '../../../src/protocols/postgres/rows.ts';
import vectors from '../../vectors/postgres/rows.json' with { type: 'json' };

function row(values: readonly (Uint8Array | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const cells = values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value]));
  return message(0x44, count, ...cells);
}

const value = fc.option(fc.uint8Array({ maxLength: 80 }), { nil: null });
/** What a cell's mask answers: a value, NULL, or nothing to change. */
const change = fc.option(
  fc.oneof(fc.constant('pass' as const), fc.constant(null), fc.uint8Array({ maxLength: 90 })),
  {
    nil: undefined,
  },
);

describe('masking a row', () => {
  it('changes what its mask says and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(value, change), { maxLength: 6 }), { maxLength: 5 }), (rows) => {
        const outbox = new Outbox();
        const expected: Buffer[] = [];
        const sizes: number[] = [];
        for (const cells of rows) {
          const bytes = row(cells.map(([before]) => before));
          const mask: ResultMask = {
            untouched: false,
            cells: cells.map(([, after]): CellMask | undefined =>
              after === undefined ? undefined : () => (after === 'pass' ? undefined : after),
            ),
          };
          sizes.push(maskRow(bytes, 0, bytes.length, mask, outbox));
          const after = cells.map(([before, changed]) =>
            before === null || changed === undefined || changed === 'pass' ? before : changed,
          );
          expected.push(row(after));
          const shown = outbox.tail(sizes.at(-1) ?? 0, rowValues);
          expect(shown.map((cell) => cell && Buffer.from(cell).toString('hex'))).toEqual(
            after.map((cell) => cell && Buffer.from(cell).toString('hex')),
          );
        }
        expect(sizes).toEqual(expected.map((bytes) => bytes.length));
        expect(outbox.take().equals(Buffer.concat(expected))).toBe(true);
        expect(outbox.empty).toBe(true);
      }),
    );
  });

  it.each(vectors)('agrees with the vector: $title', ({ row: hex, mask, masked }) => {
    const bytes = Buffer.from(hex, 'hex');
    const outbox = new Outbox();
    const cells = mask.map((to): CellMask | undefined => {
      if (to === null) return undefined;
      return () => (to === 'null' ? null : Buffer.from(to, 'hex'));
    });
    maskRow(bytes, 0, bytes.length, { untouched: false, cells }, outbox);
    expect(outbox.take().toString('hex')).toBe(masked);
  });

  it('passes a row that nothing changed without copying it', () => {
    const bytes = row([Buffer.from('a'), null]);
    const outbox = new Outbox();
    maskRow(bytes, 0, bytes.length, { untouched: false, cells: [() => undefined, undefined] }, outbox);
    expect(outbox.take().buffer).toBe(bytes.buffer);
  });

  const lies: readonly (readonly [string, Buffer])[] = [
    ['no room for its count', message(0x44, Buffer.from([0]))],
    ['a length below minus one', message(0x44, Buffer.from([0, 1]), int32(-2))],
    ['a length beyond its end', message(0x44, Buffer.from([0, 1]), int32(5), Buffer.from('abc'))],
    ['a cut off length', message(0x44, Buffer.from([0, 1, 0, 0]))],
    ['bytes behind its values', message(0x44, Buffer.from([0, 1]), int32(1), Buffer.from('ab'))],
    ['more columns than described', message(0x44, Buffer.from([0, 2]), int32(-1), int32(-1))],
  ];
  it.each(lies)('refuses a row with %s', (_, bytes) => {
    const mask: ResultMask = { untouched: false, cells: [() => Buffer.from('x')] };
    expect(() => maskRow(bytes, 0, bytes.length, mask, new Outbox())).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  });
});
