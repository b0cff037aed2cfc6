// Byte plumbing for cell masks: views without copies, and one output buffer that is used again and again.

let lastArray: Uint8Array | undefined;
let lastView: Buffer = Buffer.alloc(0);

/** The same memory as a Buffer; remembers the last one, since a result's cells share a few buffers. */
export function viewOf(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes;
  if (bytes !== lastArray) {
    lastArray = bytes;
    lastView = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return lastView;
}

/** Bytes under construction. What `done` returns is valid until the next `start`. */
export class Output {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  start(): this {
    this.#length = 0;
    return this;
  }

  get length(): number {
    return this.#length;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    this.#bytes.set(from.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.#room(size);
    this.#length += this.#bytes.write(value, this.#length);
  }

  int32(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeInt32BE(value | 0, this.#length);
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
