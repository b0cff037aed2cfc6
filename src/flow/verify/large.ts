// Reads large objects one at a time, so that many of them need no more memory than one. Must never make small ones wait.
import { BrokerError } from '../../model/errors.ts';
import type { EvidenceReader } from './source.ts';

/** Objects up to this are read together. */
const LARGE = 8 * 2 ** 20;

/** One reader's place among those who hold large objects; it ends when none is held any more. */
export class Turn {
  mine = false;
  #end: (() => void) | undefined;

  begin(end: () => void): void {
    this.mine = true;
    this.#end = end;
  }

  end(): void {
    this.#end?.();
  }
}

export class LargeReads {
  readonly #reader: EvidenceReader;
  #last: Promise<void> = Promise.resolve();

  constructor(reader: EvidenceReader) {
    this.#reader = reader;
  }

  /** What is too long to be read beside others is asked for again when it is its turn. */
  async get(key: string, limit: number, turn: Turn): Promise<Uint8Array | undefined> {
    if (turn.mine || limit <= LARGE) return this.#reader.get(key, limit);
    try {
      return await this.#reader.get(key, LARGE);
    } catch (error) {
      const tooLong = error instanceof BrokerError && error.details['limit'] === LARGE;
      if (!tooLong) throw error;
    }
    await this.#take(turn);
    return this.#reader.get(key, limit);
  }

  async #take(turn: Turn): Promise<void> {
    const before = this.#last;
    this.#last = new Promise((resolve) => turn.begin(resolve));
    await before;
  }
}
