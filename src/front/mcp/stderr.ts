// What the server says beside the protocol, and what broker has to say, on the one stream that hosts keep as a log. Must never pass a raw
// value, nor a flood.
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { createScanner } from '../../detectors/index.ts';
import { FLUSH_AFTER, StreamMasker } from '../../flow/mask/stream.ts';
import { visible } from '../../lib/visible.ts';

/** Lines of broker's own, so that a server that breaks the protocol does not fill the host's log. */
const MOST_SAID = 200;

export class Stderr {
  readonly #out: Writable;
  readonly #masker = new StreamMasker({ scanner: createScanner(), strategies: {}, hashKey: randomBytes(32) });
  #timer: NodeJS.Timeout | undefined;
  #said = 0;

  constructor(out: Writable) {
    this.#out = out;
  }

  say(line: string): void {
    this.#said += 1;
    if (this.#said > MOST_SAID) return;
    const more = this.#said === MOST_SAID ? ' (nothing more of this kind is said)' : '';
    this.#out.write(`broker: ${visible(line, { limit: 1000 })}${more}\n`);
  }

  follow(source: Readable): void {
    source.on('data', (chunk: Buffer) => {
      clearTimeout(this.#timer);
      if (!this.#write(this.#masker.push(chunk))) {
        source.pause();
        this.#out.once('drain', () => source.resume());
      }
      this.#timer = setTimeout(() => this.#write(this.#masker.flush()), FLUSH_AFTER);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#write(this.#masker.flush(true));
  }

  #write(bytes: Buffer): boolean {
    return bytes.length === 0 || this.#out.write(bytes);
  }
}
