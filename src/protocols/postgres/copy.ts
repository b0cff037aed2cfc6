// COPY … TO STDOUT: cuts the data stream into values wherever its messages are split, and masks them column by column.
import type { Ticket } from '../../flow/conversation.ts';
import type { CopyShape } from '../../model/classification.ts';
import type { ResultMask } from '../../model/masking.ts';
import { CopyRun } from './copy-run.ts';
import { BinaryFormat, type CopyFormat, CsvFormat, TextFormat } from './copy-values.ts';
import { HEADER } from './framer.ts';
import { FROM_SERVER, violation } from './messages.ts';
import { Outbox } from './outbox.ts';

/** Bytes of one record that must be seen whole. */
const MAX_RECORD = 64 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);
/** Signature, flags and the length of the header extension. */
const BINARY_HEADER = 19;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const EMPTY_HEADER = Buffer.alloc(HEADER);

export class CopyOut {
  readonly #format: CopyFormat;
  readonly #mask: ResultMask;
  readonly #ticket: Ticket;
  readonly #columns: number;
  readonly #binary: boolean;
  /** The beginning of a record whose end has not come. */
  #carry: Buffer = EMPTY;
  #headerLeft: boolean;
  /** The record under way: where it lies, how far it was put out, and its values for the record. */
  #data: Buffer = EMPTY;
  #outbox: Outbox = new Outbox();
  #done = 0;
  #sample: (Uint8Array | null)[] | undefined = undefined;
  /** Nobody needs to look at the data from here on. */
  passing = false;
  /** Takes whole messages that come one behind the other; undefined while each needs a closer look. */
  run: CopyRun | undefined = undefined;
  readonly #whole: CopyRun | undefined;
  #rows = 0;

  constructor(shape: CopyShape, mask: ResultMask, ticket: Ticket, columns: number, binary: boolean) {
    this.#mask = mask;
    this.#ticket = ticket;
    this.#columns = columns;
    this.#binary = binary;
    this.#headerLeft = binary || shape.header;
    if (binary) this.#format = new BinaryFormat();
    else if (shape.format === 'csv') this.#format = new CsvFormat(shape);
    else {
      const format = new TextFormat(shape);
      this.#format = format;
      this.#whole = new CopyRun(format, mask, columns);
    }
    if (!mask.untouched && mask.cells.length !== columns)
      throw violation('server', 'COPY sends another number of columns than expected');
    this.#relax();
  }

  /** Records that were looked at. */
  get rows(): number {
    return this.#rows + (this.#whole?.rows ?? 0);
  }

  #relax(): void {
    this.passing =
      this.#mask.untouched && this.#carry.length === 0 && (this.#binary || !this.#ticket.sampling);
    const whole = !this.passing && !this.#headerLeft && this.#carry.length === 0 && !this.#ticket.sampling;
    this.run = whole ? this.#whole : undefined;
  }

  /** One CopyData message. */
  push(buffer: Buffer, start: number, end: number, outbox: Outbox): void {
    if (this.#carry.length === 0) this.#records(buffer, start, end, true, outbox);
    else {
      const size = this.#carry.length + end - start - HEADER;
      if (size > MAX_RECORD) throw violation('server', 'a COPY record without an end');
      // The header's five bytes are kept free in front, as in a message.
      const data = Buffer.concat([EMPTY_HEADER, this.#carry, buffer.subarray(start + HEADER, end)]);
      this.#carry = EMPTY;
      this.#records(data, 0, data.length, false, outbox);
    }
    this.#relax();
  }

  /** The stream ended: what is left must be nothing. */
  end(): void {
    if (this.#carry.length > 0) throw violation('server', 'COPY ended in the middle of a record');
  }

  /** Masks the whole records in [from, to) into one message. `fresh`: the data is a message as it came. */
  #records(data: Buffer, start: number, to: number, fresh: boolean, outbox: Outbox): void {
    const from = start + HEADER;
    const opened = outbox.size;
    let copied = start;
    let at = from;
    for (let next = this.#recordEnd(data, at, to); next >= 0; next = this.#recordEnd(data, at, to)) {
      copied = this.#record(data, at, next, copied, outbox);
      at = next;
      if (at === to) break;
    }
    if (at < to) this.#carry = Buffer.from(data.subarray(at, to));
    if (at === from) return;
    if (fresh && at === to && copied === start) {
      outbox.pass(data, start, to);
      return;
    }
    outbox.put(data, copied, at);
    outbox.patch(opened, FROM_SERVER.copyData);
  }

  #recordEnd(data: Buffer, at: number, to: number): number {
    if (!this.#binary || !this.#headerLeft) return at < to ? this.#format.recordEnd(data, at, to) : -1;
    if (to - at < BINARY_HEADER) return -1;
    if (!data.subarray(at, at + SIGNATURE.length).equals(SIGNATURE))
      throw violation('server', 'COPY data without its signature');
    const size = BINARY_HEADER + data.readUInt32BE(at + BINARY_HEADER - 4);
    return to - at < size ? -1 : at + size;
  }

  /** Masks one record: puts what comes before each changed value, and the value. Returns how far was put. */
  #record(data: Buffer, at: number, end: number, copied: number, outbox: Outbox): number {
    if (this.#headerLeft) {
      this.#headerLeft = false;
      return copied;
    }
    this.#data = data;
    this.#outbox = outbox;
    this.#done = copied;
    this.#sample = this.#ticket.sampling && !this.#binary ? [] : undefined;
    const count = this.#format.walk(data, at, end, this.#visit);
    if (count < 0) return this.#done;
    if (count !== this.#columns) throw violation('server', 'a COPY record with another number of columns');
    this.#rows += 1;
    if (this.#sample) this.#ticket.sample(this.#sample);
    return this.#done;
  }

  readonly #visit = (index: number, from: number, to: number): void => {
    const cell = this.#mask.cells[index];
    if (cell === undefined && this.#sample === undefined) return;
    const data = this.#data;
    const plain = this.#format.plain(data, from, to);
    let masked: Uint8Array | null | undefined;
    if (plain === undefined) masked = cell?.(data, from, to);
    else if (plain !== null) masked = cell?.(plain, 0, plain.length);
    if (this.#sample) {
      const before = plain === undefined ? data.subarray(from, to) : plain;
      this.#sample.push(masked === undefined ? before : masked && Buffer.from(masked));
    }
    if (masked === undefined) return;
    this.#outbox.put(data, this.#done, from);
    this.#outbox.put(this.#format.write(masked, data, from));
    this.#done = to;
  };
}
