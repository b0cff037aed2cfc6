// What a client sent behind a held message: kept whole and in order, looked at by nobody until the hold is over.

export class Held {
  #chunks: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies [start, end) of a buffer that will be read into again; `first` when it belongs before what is kept. */
  keep(chunk: Buffer, start: number, end: number, first: boolean): void {
    if (end <= start) return;
    const copy = Buffer.from(chunk.subarray(start, end));
    if (first) this.#chunks.unshift(copy);
    else this.#chunks.push(copy);
    this.#bytes += copy.length;
  }

  next(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    return chunk;
  }

  drop(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}
