// Puts a stretch of read bytes into the outbox with some values replaced. Copies what lies between two replacements once.
import type { Outbox } from './outbox.ts';

/** Below this a byte loop beats the call into native copy. */
const SHORT = 24;

export class Splice {
  readonly #buffer: Buffer;
  readonly #outbox: Outbox;
  /** Everything before this has been put out. */
  #copied: number;
  /** Bytes by which replacements made the stretch longer. */
  grown = 0;

  constructor(buffer: Buffer, start: number, outbox: Outbox) {
    this.#buffer = buffer;
    this.#outbox = outbox;
    this.#copied = start;
  }

  /**
   * Puts `bytes` in place of [from, to), behind `length` as four bytes when there is one. Returns where in the outbox
   * the replacement begins.
   */
  replace(from: number, to: number, bytes: Uint8Array, length?: number): number {
    const prefix = length === undefined ? 0 : 4;
    const out = this.#outbox.reserve(from - this.#copied + prefix + bytes.length);
    const at = copyBytes(this.#buffer, this.#copied, from, out, this.#outbox.used);
    if (length !== undefined) writeLength(out, at, length);
    this.#outbox.wrote(copyBytes(bytes, 0, bytes.length, out, at + prefix));
    this.#copied = to;
    this.grown += prefix + bytes.length - (to - from);
    return at;
  }

  /** Puts out what is left up to `end`. */
  end(end: number): void {
    if (end > this.#copied) this.#outbox.pass(this.#buffer, this.#copied, end);
  }
}

function copyBytes(bytes: Uint8Array, start: number, end: number, out: Buffer, at: number): number {
  if (end - start <= SHORT) {
    let to = at;
    for (let from = start; from < end; from++) out[to++] = bytes[from] as number;
    return to;
  }
  out.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), at);
  return at + end - start;
}

export function writeLength(out: Uint8Array, at: number, length: number): void {
  out[at] = length >>> 24;
  out[at + 1] = length >>> 16;
  out[at + 2] = length >>> 8;
  out[at + 3] = length;
}
