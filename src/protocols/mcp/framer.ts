// Cuts a byte stream into lines of bounded length. Must never hold more than one line, nor lose whose answer a dropped one was.
import { OutsizeReader } from './outsize.ts';

/** Longest message passed on, bytes: hosts give up on longer ones together with the connection. */
export const MAX_LINE = 10 << 20;

const NEWLINE = 10;
const RETURN = 13;

export type Line =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** Longer than the limit and not kept; `id` is its top-level `id` as it was spelled, if it has one. */
  | { readonly kind: 'outsize'; readonly length: number; readonly id?: string; readonly method: boolean };

/** A line that stands in one chunk as a whole; undefined for what has to be looked at in another way. */
function whole(bytes: Buffer, start: number, end: number, limit: number): Line | undefined {
  if (end - start > limit || end === start || bytes[end - 1] === RETURN) return undefined;
  return { kind: 'line', bytes: bytes.subarray(start, end) };
}

/** Line feeds end lines; a carriage return before one belongs to it. Empty lines are nothing. */
export class LineFramer {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;
  #outsize: OutsizeReader | undefined;

  constructor(limit = MAX_LINE) {
    this.#limit = limit;
  }

  /** Bytes held back because their line has not ended. */
  get held(): number {
    return this.#outsize ? 0 : this.#length;
  }

  push(chunk: Uint8Array): Line[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: Line[] = [];
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      const line = this.#length === 0 ? whole(bytes, at, end, this.#limit) : undefined;
      if (line) lines.push(line);
      else if (end > at || this.#length > 0) {
        this.#take(bytes.subarray(at, end));
        const last = this.#finish();
        if (last) lines.push(last);
      }
      at = end + 1;
    }
    if (at < bytes.length) this.#take(bytes.subarray(at));
    return lines;
  }

  #take(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#outsize) {
      this.#outsize.push(piece);
      return;
    }
    if (this.#length <= this.#limit) {
      if (piece.length > 0) this.#parts.push(piece);
      return;
    }
    const reader = new OutsizeReader();
    for (const part of this.#parts) reader.push(part);
    reader.push(piece);
    this.#parts = [];
    this.#outsize = reader;
  }

  #finish(): Line | undefined {
    const [parts, length, outsize] = [this.#parts, this.#length, this.#outsize];
    this.#parts = [];
    this.#length = 0;
    this.#outsize = undefined;
    if (outsize) {
      const { id, method } = outsize;
      return { kind: 'outsize', length, method, ...(id === undefined ? {} : { id }) };
    }
    const [first] = parts;
    if (!first) return undefined;
    const whole = parts.length === 1 ? first : Buffer.concat(parts);
    const bytes = whole[whole.length - 1] === RETURN ? whole.subarray(0, -1) : whole;
    return bytes.length === 0 ? undefined : { kind: 'line', bytes };
  }
}
