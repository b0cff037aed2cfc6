// Looks at one line's bytes before anybody parses them. Must never let pass what two parsers could read differently.
import { isUtf8 } from 'node:buffer';
import { fold, RESERVED } from './reserved.ts';

export const MAX_DEPTH = 128;

/** Longest number, characters: nobody counts further, and some parsers take forever to. */
const MAX_NUMBER = 400;

const [QUOTE, COMMA, COLON, BACKSLASH, RETURN] = [34, 44, 58, 92, 13];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

export interface ScanOptions {
  /** Also refuse keys of one object that differ only in how they are written: some servers read them as one. */
  readonly strictKeys: boolean;
}

interface Level {
  readonly object: boolean;
  readonly keys: Set<string> | undefined;
}

/** Index of the quote that ends the string that starts at `at`; the end of the bytes when none does. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(QUOTE, at + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return bytes.length;
}

function keyAt(bytes: Buffer, start: number, end: number): string | undefined {
  const raw = bytes.toString('utf8', start, end);
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

/** Walks keys and nesting. Exact for valid JSON; what is not is for the parser to refuse. */
class Scan {
  readonly #bytes: Buffer;
  readonly #options: ScanOptions;
  readonly #levels: Level[] = [];
  #expectKey = false;
  #lastKey: string | undefined;
  /** Where the value of the top-level `id` begins. */
  idAt = -1;

  constructor(bytes: Buffer, options: ScanOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  problem(): string | undefined {
    const bytes = this.#bytes;
    let digits = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        const end = stringEnd(bytes, at);
        const problem = this.#expectKey ? this.#key(at + 1, end) : undefined;
        if (problem) return problem;
        this.#expectKey = false;
        at = end;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#levels.length >= MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH}`;
        const object = byte === OPEN_OBJECT;
        this.#levels.push({ object, keys: object ? new Set() : undefined });
        this.#expectKey = object;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#levels.pop();
        this.#expectKey = false;
      } else if (byte === COMMA) this.#expectKey = this.#levels.at(-1)?.object ?? false;
      else if (byte === COLON) this.#colon(at);
      // Some readers of lines end one here.
      else if (byte === RETURN) return 'a carriage return stands inside it';
      digits = byte >= 0x2b && byte <= 0x39 && byte !== COMMA ? digits + 1 : 0;
      if (digits > MAX_NUMBER) return 'a number is too long';
    }
    return undefined;
  }

  #colon(at: number): void {
    this.#expectKey = false;
    if (this.#levels.length === 1 && this.#lastKey === 'id') this.idAt = at + 1;
  }

  #key(start: number, end: number): string | undefined {
    const key = keyAt(this.#bytes, start, end);
    const level = this.#levels.at(-1);
    this.#lastKey = key;
    if (key === undefined || !level?.keys) return undefined;
    const shown = JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
    const exact = `=${key}`;
    if (level.keys.has(exact)) return `the key ${shown} stands there twice`;
    level.keys.add(exact);
    const depth = this.#levels.length;
    if (depth > 2 && !this.#options.strictKeys) return undefined;
    const folded = fold(key);
    if (depth <= 2 && RESERVED.has(folded) && !RESERVED.get(folded)?.includes(key))
      return `the key ${shown} can be taken for another`;
    if (!this.#options.strictKeys) return undefined;
    if (level.keys.has(`~${folded}`)) return `the key ${shown} can be taken for another beside it`;
    level.keys.add(`~${folded}`);
    return undefined;
  }
}

export type Scanned =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly reason: string;
      /** What it says all the same, where every reader agrees which request it is. */
      readonly value?: unknown;
    };

/** `1.0` and `1e0` read as 1: two readers could match them with different requests. */
const ODD_NUMBER = /\s*-?(?:0|[1-9]\d*)[.eE]|\s*-0(?!\d)/y;

/** Any number beyond what a double holds has one of these. */
const HUGE = /\d[eE]\+?\d{2}|\d{300}/;

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

function illFormed(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(illFormed);
  return Object.entries(value).some(([key, inner]) => !key.isWellFormed() || illFormed(inner));
}

/** One line as JSON that has one reading only. Never throws. */
export function scanLine(bytes: Buffer, options: ScanOptions): Scanned {
  if (!isUtf8(bytes)) return { ok: false, reason: 'it is not UTF-8' };
  const scan = new Scan(bytes, options);
  const reason = scan.problem();
  if (reason) return { ok: false, reason };
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  ODD_NUMBER.lastIndex = 0;
  if (scan.idAt >= 0 && ODD_NUMBER.test(bytes.toString('latin1', scan.idAt, scan.idAt + 64)))
    return { ok: false, reason: 'its id is not spelled as a whole number' };
  const surrogates = bytes.includes('\\ud') || bytes.includes('\\uD');
  if (surrogates && illFormed(value)) return { ok: false, reason: 'it has half of a surrogate pair', value };
  if (HUGE.test(text) && hasInfinity(value))
    return { ok: false, reason: 'it has a number that is too large', value };
  return { ok: true, value };
}
