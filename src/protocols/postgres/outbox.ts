// Gathers what leaves in one direction: untouched bytes stay where they were read, changes go to a reused buffer.
import { writeLength } from './splice.ts';

/** A buffer grown beyond this is not kept for the next chunk. */
const KEEP = 512 * 1024;
const FIRST = 16 * 1024;
const EMPTY = Buffer.alloc(0);
/** Below this a byte loop beats the call into native copy. */
const SHORT = 24;

export class Outbox {
  #run: Buffer = EMPTY;
  #from = 0;
  #to = 0;
  #out: Buffer = EMPTY;
  #used = 0;

  get empty(): boolean {
    return this.#used === 0 && this.#from === this.#to;
  }

  /** Bytes waiting to be taken. */
  get size(): number {
    return this.#used + this.#to - this.#from;
  }

  /** Sends bytes as they are. They must stay unchanged until `take` or `settle`. */
  pass(buffer: Buffer, start: number, end: number): void {
    if (start === this.#to && buffer === this.#run) {
      this.#to = end;
      return;
    }
    this.#spill();
    this.#run = buffer;
    this.#from = start;
    this.#to = end;
  }

  /** Sends a copy of these bytes. */
  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#spill();
    this.#room(end - start);
    this.#append(bytes, start, end);
  }

  /** Makes room for `size` bytes and returns the buffer; write from `used` on, then call `wrote`. */
  reserve(size: number): Buffer {
    this.#spill();
    this.#room(size);
    return this.#out;
  }

  get used(): number {
    return this.#used;
  }

  wrote(upTo: number): void {
    this.#used = upTo;
  }

  /** Writes a length over the four bytes at `at`, which were put before. */
  amend(at: number, length: number): void {
    writeLength(this.#out, at, length);
  }

  /** Looks at the last `size` bytes put or passed. */
  tail<T>(size: number, look: (buffer: Buffer, start: number, end: number) => T): T {
    if (this.#from !== this.#to) return look(this.#run, this.#to - size, this.#to);
    return look(this.#out, this.#used - size, this.#used);
  }

  /** Makes everything put since `from` (a `size` of before) one message: its first five bytes become the header. */
  patch(from: number, type: number): void {
    this.#spill();
    const length = this.#used - from - 1;
    this.#out[from] = type;
    this.#out.writeInt32BE(length, from + 1);
  }

  /** Copies any untouched run, so that the buffer it lies in may change. */
  settle(): void {
    this.#spill();
  }

  /** Everything gathered, in order. Valid until the next call that adds to this outbox. */
  take(): Buffer {
    let bytes: Buffer;
    if (this.#used === 0) bytes = this.#run.subarray(this.#from, this.#to);
    else {
      this.#spill();
      bytes = this.#out.subarray(0, this.#used);
      this.#used = 0;
      if (this.#out.length > KEEP) this.#out = EMPTY;
    }
    this.#run = EMPTY;
    this.#from = 0;
    this.#to = 0;
    return bytes;
  }

  /** The bytes taken last are still being written: never write over them. */
  abandon(): void {
    this.#out = EMPTY;
  }

  #spill(): void {
    if (this.#from === this.#to) return;
    this.#room(this.#to - this.#from);
    this.#append(this.#run, this.#from, this.#to);
    this.#run = EMPTY;
    this.#from = 0;
    this.#to = 0;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const out = this.#out;
    let used = this.#used;
    if (end - start <= SHORT) for (let at = start; at < end; at++) out[used++] = bytes[at] as number;
    else {
      out.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), used);
      used += end - start;
    }
    this.#used = used;
  }

  #room(size: number): void {
    const needed = this.#used + size;
    if (needed <= this.#out.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#out.length * 2, FIRST));
    this.#out.copy(grown, 0, 0, this.#used);
    this.#out = grown;
  }
}
