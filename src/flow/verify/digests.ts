// Digests of a chain's statements by number, 32 bytes each, so that a year of them fits. Pure.

const BLOCK = 1024;

export class Digests {
  readonly #blocks = new Map<number, Buffer>();
  readonly #known = new Map<number, Uint8Array>();

  set(number: number, digest: string): void {
    const block = Math.floor(number / BLOCK);
    const at = number % BLOCK;
    let bytes = this.#blocks.get(block);
    const known = this.#known.get(block) ?? new Uint8Array(BLOCK);
    if (!bytes) {
      bytes = Buffer.alloc(BLOCK * 32);
      this.#blocks.set(block, bytes);
      this.#known.set(block, known);
    }
    bytes.write(digest, at * 32, 32, 'hex');
    known[at] = 1;
  }

  get(number: number): string | undefined {
    const block = Math.floor(number / BLOCK);
    const at = number % BLOCK;
    return this.#known.get(block)?.[at] === 1
      ? this.#blocks.get(block)?.toString('hex', at * 32, at * 32 + 32)
      : undefined;
  }
}
