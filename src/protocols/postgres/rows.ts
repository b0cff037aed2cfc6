// DataRow: walks its values, masks those that need it, and copies only when something changed. Never lets a bad row by.
import type { ResultMask } from '../../model/masking.ts';
import { HEADER } from './framer.ts';
import { violation } from './messages.ts';
import type { Outbox } from './outbox.ts';

function malformed(): Error {
  return violation('server', 'a row is not made as its lengths say');
}

/** Values of a row as views of its buffer. */
export function rowValues(buffer: Buffer, start: number, end: number): (Uint8Array | null)[] {
  if (end - start < HEADER + 2) throw malformed();
  const count = ((buffer[start + 5] as number) << 8) | (buffer[start + 6] as number);
  const values: (Uint8Array | null)[] = [];
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
    values.push(buffer.subarray(pos, pos + length));
    pos += length;
  }
  if (pos !== end) throw malformed();
  return values;
}

function readLength(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] as number) << 24) |
    ((buffer[at + 1] as number) << 16) |
    ((buffer[at + 2] as number) << 8) |
    (buffer[at + 3] as number)
  );
}

function writeLength(out: Buffer, at: number, length: number): void {
  out[at] = length >>> 24;
  out[at + 1] = length >>> 16;
  out[at + 2] = length >>> 8;
  out[at + 3] = length;
}

/**
 * Puts a row into the outbox with its values masked. Returns the row's size as it leaves. A row no cell changed goes on
 * as it is.
 */
export function maskRow(
  buffer: Buffer,
  start: number,
  end: number,
  mask: ResultMask,
  outbox: Outbox,
): number {
  const cells = mask.cells;
  if (end - start < HEADER + 2) throw malformed();
  const count = ((buffer[start + 5] as number) << 8) | (buffer[start + 6] as number);
  if (count > cells.length) throw violation('server', 'a row has more columns than its description');
  let pos = start + HEADER + 2;
  /** Everything before this has been copied. */
  let copied = start;
  let rowAt = -1;
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
    if (cell !== undefined) {
      const masked = cell(buffer, from, to);
      if (masked !== undefined) {
        const size = masked === null ? 0 : masked.length;
        const out = outbox.reserve(pos - copied + 4 + size);
        if (rowAt < 0) rowAt = outbox.used;
        const at = copyShort(buffer, copied, pos, out, outbox.used);
        writeLength(out, at, masked === null ? -1 : size);
        outbox.wrote(masked === null ? at + 4 : copyShort(masked, 0, size, out, at + 4));
        copied = to;
      }
    }
    pos = to;
  }
  if (pos !== end) throw malformed();
  if (rowAt < 0) {
    outbox.pass(buffer, start, end);
    return end - start;
  }
  const out = outbox.reserve(end - copied);
  const after = copyShort(buffer, copied, end, out, outbox.used);
  outbox.wrote(after);
  writeLength(out, rowAt + 1, after - rowAt - 1);
  return after - rowAt;
}

function copyShort(bytes: Uint8Array, start: number, end: number, out: Buffer, at: number): number {
  let to = at;
  if (end - start <= 48) for (let from = start; from < end; from++) out[to++] = bytes[from] as number;
  else {
    out.set(bytes.subarray(start, end), to);
    to += end - start;
  }
  return to;
}
