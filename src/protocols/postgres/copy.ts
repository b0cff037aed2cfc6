// COPY … TO STDOUT: cuts the data stream into values wherever its messages are split, and masks them column by column.
import type { Ticket } from '../../flow/conversation.ts';
import type { CopyShape } from '../../model/classification.ts';
import type { ResultMask } from '../../model/masking.ts';
import { BinaryFormat, type CopyFormat, CsvFormat, TextFormat } from './copy-values.ts';
import { HEADER } from './framer.ts';
import { FROM_SERVER, violation } from './messages.ts';
import type { Outbox } from './outbox.ts';

/** Bytes of one record that must be seen whole. */
const MAX_RECORD = 64 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);
/** Signature, flags and the length of the header extension. */
const BINARY_HEADER = 19;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

export class CopyOut {
  readonly #format: CopyFormat;
  readonly #mask: ResultMask;
  readonly #ticket: Ticket;
  readonly #columns: number;
  readonly #binary: boolean;
  /** The beginning of a record whose end has not come. */
  #carry: Buffer = EMPTY;
  #headerLeft: boolean;
  rows = 0;

  constructor(shape: CopyShape, mask: ResultMask, ticket: Ticket, columns: number, binary: boolean) {
    this.#mask = mask;
    this.#ticket = ticket;
    this.#columns = columns;
    this.#binary = binary;
    this.#headerLeft = binary || shape.header;
    if (binary) this.#format = new BinaryFormat();
    else this.#format = shape.format === 'csv' ? new CsvFormat(shape) : new TextFormat(shape);
    if (!mask.untouched && mask.cells.length !== columns)
      throw violation('server', 'COPY sends another number of columns than expected');
  }

  /** Nobody needs to look at the data from here on. */
  get passes(): boolean {
    return this.#mask.untouched && this.#carry.length === 0 && (this.#binary || !this.#ticket.sampling);
  }

  /** One CopyData message. */
  push(buffer: Buffer, start: number, end: number, outbox: Outbox): void {
    let data = buffer;
    let [at, to] = [start + HEADER, end];
    const fresh = this.#carry.length === 0;
    if (!fresh) {
      if (this.#carry.length + end - at > MAX_RECORD)
        throw violation('server', 'a COPY record without an end');
      data = Buffer.concat([this.#carry, buffer.subarray(at, end)]);
      at = 0;
      to = data.length;
      this.#carry = EMPTY;
    }
    const pieces: Buffer[] = [];
    let copied = at;
    for (;;) {
      const next = this.#recordEnd(data, at, to);
      if (next < 0 || next === at) break;
      copied = this.#record(data, at, next, copied, pieces);
      at = next;
    }
    if (fresh && pieces.length === 0 && at === to) {
      outbox.pass(buffer, start, end);
      return;
    }
    if (at > copied) pieces.push(data.subarray(copied, at));
    if (at < to) this.#carry = Buffer.from(data.subarray(at, to));
    this.#emit(pieces, outbox);
  }

  /** The stream ended: what is left must be nothing. */
  end(): void {
    if (this.#carry.length > 0) throw violation('server', 'COPY ended in the middle of a record');
  }

  #recordEnd(data: Buffer, at: number, to: number): number {
    if (!this.#binary || !this.#headerLeft) return at < to ? this.#format.recordEnd(data, at, to) : -1;
    if (to - at < BINARY_HEADER) return -1;
    if (!data.subarray(at, at + SIGNATURE.length).equals(SIGNATURE))
      throw violation('server', 'COPY data without its signature');
    const size = BINARY_HEADER + data.readUInt32BE(at + BINARY_HEADER - 4);
    return to - at < size ? -1 : at + size;
  }

  /** Masks one record; pushes what comes before each changed value, and the value. Returns how far was pushed. */
  #record(data: Buffer, at: number, end: number, copied: number, pieces: Buffer[]): number {
    if (this.#headerLeft) {
      this.#headerLeft = false;
      return copied;
    }
    const { cells } = this.#mask;
    const sample: (Uint8Array | null)[] | undefined = this.#ticket.sampling && !this.#binary ? [] : undefined;
    let done = copied;
    const count = this.#format.walk(data, at, end, (index, from, to, value) => {
      const masked = value === null ? undefined : cells[index]?.(value, 0, value.length);
      sample?.push(masked === undefined ? value : masked && Buffer.from(masked));
      if (masked === undefined) return;
      const quoted = !this.#binary && to - from !== value?.length;
      pieces.push(data.subarray(done, from), this.#format.write(masked, quoted));
      done = to;
    });
    if (count < 0) return done;
    if (count !== this.#columns) throw violation('server', 'a COPY record with another number of columns');
    this.rows += 1;
    if (sample) this.#ticket.sample(sample);
    return done;
  }

  #emit(pieces: readonly Buffer[], outbox: Outbox): void {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (size === 0) return;
    const head = Buffer.allocUnsafe(HEADER);
    head[0] = FROM_SERVER.copyData;
    head.writeInt32BE(size + 4, 1);
    outbox.put(head);
    for (const piece of pieces) outbox.put(piece);
  }
}
