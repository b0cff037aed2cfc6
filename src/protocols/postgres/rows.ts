// DataRow: walks its values, masks those that need it, and copies only when something changed. Never lets a bad row by.
import type { ResultMask } from '../../model/masking.ts';
import { HEADER } from './framer.ts';
import { violation } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { Splice } from './splice.ts';

const EMPTY = Buffer.alloc(0);

function malformed(): Error {
  return violation('server', 'a row is not made as its lengths say');
}

/** Values of a row as views of its buffer. */
export function rowValues(buffer: Buffer, start: number, end: number): (Uint8Array | null)[] {
  return readRow(buffer, start, end, (from, to) => buffer.subarray(from, to));
}

/** Values of a row, each read from where it lies. */
export function readRow<T>(
  buffer: Buffer,
  start: number,
  end: number,
  read: (from: number, to: number) => T,
): (T | null)[] {
  if (end - start < HEADER + 2) throw malformed();
  const count = ((buffer[start + 5] as number) << 8) | (buffer[start + 6] as number);
  const values: (T | null)[] = [];
  let pos = start + HEADER + 2;
  for (let index = 0; index < count; index++) {
    if (end - pos < 4) throw malformed();
    const length = readLength(buffer, pos);
    pos += 4;
    if (length === -1) {
      values.push(null);
      continue;
    }
    if (length < 0 || length > end - pos) throw malformed();
    values.push(read(pos, pos + length));
    pos += length;
  }
  if (pos !== end) throw malformed();
  return values;
}

/** A signed length word. */
export function readLength(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] as number) << 24) |
    ((buffer[at + 1] as number) << 16) |
    ((buffer[at + 2] as number) << 8) |
    (buffer[at + 3] as number)
  );
}

/**
 * Puts rows that lie one behind the other into the outbox with their values masked. Returns their size as they leave.
 * What no cell changed goes on as it is.
 */
export function maskRows(
  buffer: Buffer,
  start: number,
  end: number,
  mask: ResultMask,
  outbox: Outbox,
): number {
  const splice = new Splice(buffer, start, outbox);
  for (let pos = start; pos < end; ) {
    const next = pos + 1 + readLength(buffer, pos + 1);
    const before = splice.grown;
    const rowAt = walkRow(buffer, pos, next, mask, splice);
    if (rowAt >= 0) outbox.amend(rowAt + 1, next - pos - 1 + splice.grown - before);
    pos = next;
  }
  splice.end(end);
  return end - start + splice.grown;
}

/** One row; afterwards it lies in one piece in the outbox. */
export function maskRow(
  buffer: Buffer,
  start: number,
  end: number,
  mask: ResultMask,
  outbox: Outbox,
): number {
  const before = outbox.used;
  const size = maskRows(buffer, start, end, mask, outbox);
  if (outbox.used !== before) outbox.settle();
  return size;
}

/** Replaces what its cells change; returns where the row begins in the outbox, or -1 when nothing was changed. */
function walkRow(buffer: Buffer, start: number, end: number, { cells }: ResultMask, splice: Splice): number {
  if (end - start < HEADER + 2) throw malformed();
  const count = ((buffer[start + 5] as number) << 8) | (buffer[start + 6] as number);
  if (count > cells.length) throw violation('server', 'a row has more columns than its description');
  let rowAt = -1;
  let pos = start + HEADER + 2;
  for (let index = 0; index < count; index++) {
    if (end - pos < 4) throw malformed();
    const length = readLength(buffer, pos);
    const from = pos + 4;
    if (length === -1) {
      pos = from;
      continue;
    }
    if (length < 0 || length > end - from) throw malformed();
    const to = from + length;
    const cell = cells[index];
    const masked = cell === undefined ? undefined : cell(buffer, from, to);
    if (masked !== undefined) {
      const at = splice.replace(pos, to, masked ?? EMPTY, masked === null ? -1 : masked.length);
      if (rowAt < 0) rowAt = at - (pos - start);
    }
    pos = to;
  }
  if (pos !== end) throw malformed();
  return rowAt;
}
