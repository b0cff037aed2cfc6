import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ticket } from '../../../src/flow/conversation.ts';
import type { CopyShape } from '../../../src/model/classification.ts';
import type { CellMask, ResultMask } from '../../../src/model/masking.ts';
import { CopyOut } from '../../../src/protocols/postgres/copy.ts';
import { Framer } from '../../../src/protocols/postgres/framer.ts';
import type { Link } from '../../../src/protocols/postgres/link.ts';
import { int32, message } from '../../../src/protocols/postgres/messages.ts';
import { Outbox } from '../../../src/protocols/postgres/outbox.ts';
import { Pending } from '../../../src/protocols/postgres/pending.ts';
import { takeRun } from '../../../src/protocols/postgres/runs.ts';

const ROW = 0x44;
const DATA = 0x64;
const shape: CopyShape = {
  direction: 'out',
  format: 'text',
  delimiter: '\t',
  quote: '"',
  escape: '"',
  null: '\\N',
  header: false,
};

/** Replaces every value of its column by one that is shorter, as long or longer. */
const hide: CellMask = (buffer, start, end) => {
  const text = Buffer.from(buffer.subarray(start, end)).toString('latin1');
  if (text.startsWith('a')) return undefined;
  return text.startsWith('b') ? null : Buffer.from(`<${end - start}>`);
};
const hidden = (value: string) =>
  value.startsWith('a') ? value : value.startsWith('b') ? null : `<${value.length}>`;
const mask: ResultMask = { untouched: false, cells: [undefined, hide, undefined] };

const row = (values: readonly (string | null)[]) =>
  message(
    ROW,
    Buffer.from([0, values.length]),
    ...values.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(value.length), Buffer.from(value, 'latin1')],
    ),
  );
const record = (values: readonly (string | null)[]) =>
  message(DATA, Buffer.from(`${values.map((value) => value ?? '\\N').join('\t')}\n`, 'latin1'));

/** Sends the bytes cut into reads of one reused buffer; returns what leaves, and what was counted. */
function through(bytes: Buffer, cuts: readonly number[], head: Pending): { out: Buffer; head: Pending } {
  const toClient = new Outbox();
  const link = { pending: { first: head }, toClient } as unknown as Link;
  const out: Buffer[] = [];
  const framer = new Framer('server');
  const read = Buffer.alloc(4096);
  const sink = {
    frame: (type: number, buffer: Buffer, start: number, end: number) => {
      if (takeRun(link, type, buffer, start, end) === end) return true;
      head.copy?.push(buffer, start, end, toClient);
      return true;
    },
    alike: (type: number, buffer: Buffer, start: number, end: number) =>
      takeRun(link, type, buffer, start, end),
    streams: () => false,
    piece: () => {},
    settle: () => toClient.settle(),
  };
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.min(cuts[turn % cuts.length] ?? 4096, bytes.length - at);
    bytes.copy(read, 0, at, at + size);
    framer.push(read, 0, size, sink);
    out.push(Buffer.from(toClient.take()));
    at += size;
  }
  return { out: Buffer.concat(out), head };
}

const text = fc.stringMatching(/^[abc][0-9x]{0,60}$/);
const rows = fc.array(fc.tuple(text, fc.option(text), fc.option(text)), { minLength: 1, maxLength: 60 });
const cuts = fc.array(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 6 });
const masked = (values: readonly (string | null)[]) =>
  values.map((value, index) => (index === 1 && value !== null ? hidden(value) : value));

describe('a run', () => {
  it('of rows is masked as each row would be, however it is read', () => {
    fc.assert(
      fc.property(rows, cuts, (list, sizes) => {
        const head = new Pending('query', 0);
        head.run = mask;
        const { out } = through(Buffer.concat(list.map(row)), sizes, head);
        const expected = Buffer.concat(list.map((values) => row(masked(values))));
        expect(out.equals(expected)).toBe(true);
        expect([head.rows, head.bytes]).toEqual([list.length, expected.length]);
      }),
    );
  });

  it('of untouched rows passes and is counted, however it is read', () => {
    fc.assert(
      fc.property(rows, cuts, (list, sizes) => {
        const head = new Pending('query', 0);
        head.run = { untouched: true, cells: [] };
        const bytes = Buffer.concat(list.map(row));
        expect(through(bytes, sizes, head).out.equals(bytes)).toBe(true);
        expect([head.rows, head.bytes]).toEqual([list.length, bytes.length]);
      }),
    );
  });

  it('of COPY data is masked as each record would be, with backslashes among them', () => {
    const escaped = fc.oneof({ weight: 4, arbitrary: text }, fc.constant('c\\t\\\\'));
    const records = fc.array(fc.tuple(escaped, fc.option(text), fc.option(escaped)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(records, cuts, (list, sizes) => {
        const head = new Pending('query', 0);
        head.copy = new CopyOut(shape, mask, { sampling: false } as unknown as Ticket, 3, false);
        const { out } = through(Buffer.concat(list.map(record)), sizes, head);
        const expected = Buffer.concat(list.map((values) => record(masked(values))));
        expect(out.equals(expected)).toBe(true);
        expect(head.copy.rows).toBe(list.length);
      }),
    );
  });

  it('of COPY data with another number of columns is not let by', () => {
    const head = new Pending('query', 0);
    head.copy = new CopyOut(shape, mask, { sampling: false } as unknown as Ticket, 3, false);
    const bytes = Buffer.concat([record(['c', 'c', 'c']), record(['c', 'c'])]);
    expect(() => through(bytes, [4096], head)).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  });
});
