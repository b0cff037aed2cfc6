// How COPY writes one record in each of its formats: where values lie, and how a changed one is written. No masking here.
import type { CopyShape } from '../../model/classification.ts';
import { violation } from './messages.ts';

/** Receives where each value of a record lies. */
export type Visit = (index: number, from: number, to: number) => void;

export interface CopyFormat {
  /** End of the record that begins at `at`, or -1 when it is not whole. */
  recordEnd(data: Buffer, at: number, end: number): number;
  /** Visits a whole record's values; returns how many there were, or -1 when it holds none (binary trailer). */
  walk(data: Buffer, at: number, end: number, visit: Visit): number;
  /** The plain bytes of the value at [from, to): null for NULL, undefined when they are exactly those. */
  plain(data: Buffer, from: number, to: number): Buffer | null | undefined;
  /** A value as it is written in place of the one at [from, to). */
  write(value: Uint8Array | null, data: Buffer, from: number): Uint8Array;
}

function isAt(data: Buffer, from: number, to: number, bytes: Buffer): boolean {
  if (to - from !== bytes.length) return false;
  for (let at = 0; at < bytes.length; at++) if (data[from + at] !== bytes[at]) return false;
  return true;
}

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
/** COPY TO writes these control characters as a backslash and a letter. */
const LETTERS: Readonly<Record<number, number>> = {
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  11: 0x76,
  12: 0x66,
  13: 0x72,
};
const CONTROLS: Readonly<Record<number, number>> = Object.fromEntries(
  Object.entries(LETTERS).map(([control, letter]) => [letter, Number(control)]),
);

/** Text format: rows end at a raw newline, which never stands inside a value. */
export class TextFormat implements CopyFormat {
  readonly delimiter: number;
  readonly #null: Buffer;

  constructor(shape: CopyShape) {
    this.delimiter = shape.delimiter.charCodeAt(0);
    this.#null = Buffer.from(shape.null, 'utf8');
  }

  recordEnd(data: Buffer, at: number, end: number): number {
    const found = data.indexOf(NEWLINE, at);
    return found < 0 || found >= end ? -1 : found + 1;
  }

  walk(data: Buffer, at: number, end: number, visit: Visit): number {
    const last = end - 1;
    const { delimiter } = this;
    let index = 0;
    let from = at;
    for (let pos = at; pos < last; pos++) {
      const byte = data[pos];
      if (byte === BACKSLASH) pos += 1;
      else if (byte === delimiter) {
        visit(index, from, pos);
        index += 1;
        from = pos + 1;
      }
    }
    visit(index, from, last);
    return index + 1;
  }

  isNull(data: Buffer, from: number, to: number): boolean {
    return isAt(data, from, to, this.#null);
  }

  plain(data: Buffer, from: number, to: number): Buffer | null | undefined {
    if (this.isNull(data, from, to)) return null;
    for (let at = from; at < to; at++)
      if (data[at] === BACKSLASH) return withoutEscapes(data.subarray(from, to));
    return undefined;
  }

  #needsEscape(value: Uint8Array): boolean {
    for (let at = 0; at < value.length; at++) {
      const byte = value[at] as number;
      if (byte <= 13 || byte === BACKSLASH || byte === this.delimiter) return true;
    }
    return false;
  }

  write(value: Uint8Array | null): Uint8Array {
    if (value === null) return this.#null;
    if (!this.#needsEscape(value)) return value;
    const out = Buffer.allocUnsafe(value.length * 2);
    let used = 0;
    for (const byte of value) {
      const letter = LETTERS[byte];
      if (letter !== undefined || byte === BACKSLASH || byte === this.delimiter) out[used++] = BACKSLASH;
      out[used++] = letter ?? byte;
    }
    return out.subarray(0, used);
  }
}

function withoutEscapes(raw: Buffer): Buffer {
  const out = Buffer.allocUnsafe(raw.length);
  let used = 0;
  for (let at = 0; at < raw.length; at++) {
    let byte = raw[at] as number;
    if (byte === BACKSLASH && at + 1 < raw.length) {
      at += 1;
      byte = raw[at] as number;
      byte = CONTROLS[byte] ?? byte;
    }
    out[used++] = byte;
  }
  return out.subarray(0, used);
}

/** CSV: newlines and delimiters may stand inside quotes. */
export class CsvFormat implements CopyFormat {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #null: Buffer;

  constructor(shape: CopyShape) {
    this.#delimiter = shape.delimiter.charCodeAt(0);
    this.#quote = shape.quote.charCodeAt(0);
    this.#escape = shape.escape.charCodeAt(0);
    this.#null = Buffer.from(shape.null, 'utf8');
  }

  recordEnd(data: Buffer, at: number, end: number): number {
    let quoted = false;
    for (let pos = at; pos < end; pos++) {
      const byte = data[pos];
      if (quoted && byte === this.#escape && this.#escapes(data, pos, end)) pos += 1;
      else if (byte === this.#quote) {
        // The last byte here may be an escape whose other half is still to come; a quote that closes is followed by more.
        if (quoted && this.#escape === this.#quote && pos + 1 === end) return -1;
        quoted = !quoted;
      } else if (byte === NEWLINE && !quoted) return pos + 1;
    }
    return -1;
  }

  #escapes(data: Buffer, pos: number, end: number): boolean {
    const next = pos + 1 < end ? data[pos + 1] : -1;
    return next === this.#quote || next === this.#escape;
  }

  walk(data: Buffer, at: number, end: number, visit: Visit): number {
    const last = end - 1;
    let index = 0;
    let from = at;
    let quoted = false;
    for (let pos = at; pos < last; pos++) {
      const byte = data[pos];
      if (quoted) {
        if (byte === this.#escape && this.#escapes(data, pos, last)) pos += 1;
        else if (byte === this.#quote) quoted = false;
      } else if (byte === this.#quote) quoted = true;
      else if (byte === this.#delimiter) {
        visit(index, from, pos);
        index += 1;
        from = pos + 1;
      }
    }
    visit(index, from, last);
    return index + 1;
  }

  plain(data: Buffer, from: number, to: number): Buffer | null | undefined {
    if (isAt(data, from, to, this.#null)) return null;
    const raw = data.subarray(from, to);
    return raw.includes(this.#quote) ? this.#plain(raw) : undefined;
  }

  #plain(raw: Buffer): Buffer {
    const out = Buffer.allocUnsafe(raw.length);
    let used = 0;
    let quoted = false;
    for (let at = 0; at < raw.length; at++) {
      const byte = raw[at] as number;
      if (quoted && byte === this.#escape && this.#escapes(raw, at, raw.length)) {
        at += 1;
        out[used++] = raw[at] as number;
      } else if (byte === this.#quote) quoted = !quoted;
      else out[used++] = byte;
    }
    return out.subarray(0, used);
  }

  write(value: Uint8Array | null, data: Buffer, from: number): Uint8Array {
    if (value === null) return this.#null;
    const special = (byte: number) =>
      byte === this.#delimiter ||
      byte === this.#quote ||
      byte === NEWLINE ||
      byte === 13 ||
      byte === BACKSLASH;
    // What was quoted stays quoted: the server may have been told to.
    const bare =
      data[from] !== this.#quote &&
      !value.some(special) &&
      !isAt(Buffer.from(value), 0, value.length, this.#null);
    if (bare) return value;
    const out = Buffer.allocUnsafe(value.length * 2 + 2);
    let used = 0;
    out[used++] = this.#quote;
    for (const byte of value) {
      if (byte === this.#quote || byte === this.#escape) out[used++] = this.#escape;
      out[used++] = byte;
    }
    out[used++] = this.#quote;
    return out.subarray(0, used);
  }
}

/** Binary: a count and length-prefixed values per tuple; the file header is dealt with by the stream. */
export class BinaryFormat implements CopyFormat {
  recordEnd(data: Buffer, at: number, end: number): number {
    if (end - at < 2) return -1;
    const count = data.readInt16BE(at);
    let pos = at + 2;
    if (count < -1) throw violation('server', 'a COPY tuple with a negative count');
    for (let index = 0; index < count; index++) {
      if (end - pos < 4) return -1;
      const length = data.readInt32BE(pos);
      if (length < -1) throw violation('server', 'a COPY value shorter than nothing');
      pos += 4 + Math.max(length, 0);
      if (pos > end) return -1;
    }
    return pos;
  }

  walk(data: Buffer, at: number, _end: number, visit: Visit): number {
    const count = data.readInt16BE(at);
    let pos = at + 2;
    for (let index = 0; index < count; index++) {
      const length = data.readInt32BE(pos);
      const to = pos + 4 + Math.max(length, 0);
      visit(index, pos, to);
      pos = to;
    }
    return count;
  }

  plain(data: Buffer, from: number, to: number): Buffer | null {
    return data.readInt32BE(from) < 0 ? null : data.subarray(from + 4, to);
  }

  write(value: Uint8Array | null): Uint8Array {
    const out = Buffer.allocUnsafe(4 + (value?.length ?? 0));
    out.writeInt32BE(value === null ? -1 : value.length, 0);
    if (value) out.set(value, 4);
    return out;
  }
}
