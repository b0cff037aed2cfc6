// Looks at one line's bytes before anybody parses them. Must never let pass what two parsers could read differently.
import { isAscii, isUtf8 } from 'node:buffer';
import { fold, RESERVED } from './reserved.ts';

export const MAX_DEPTH = 128;

/** Longest number, characters: nobody counts further, and some parsers take forever to. */
const MAX_NUMBER = 400;
/** Numbers of fewer digits, without an exponent, are ones that a double can hold. */
const HUGE = 300;

const [QUOTE, COMMA, COLON, BACKSLASH, RETURN] = [34, 44, 58, 92, 13];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const [SMALL_E, LARGE_E] = [0x65, 0x45];

export interface ScanOptions {
  /** Also refuse keys of one object that differ only in how they are written: some servers read them as one. */
  readonly strictKeys: boolean;
}

/** Index of the quote that ends the string that starts at `at`; the end of the text when none does. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

function unescaped(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

interface Key {
  /** One spelling for all that could be taken for it. */
  readonly folded: string;
  /** It is not one of MCP's own names, but could be taken for one. */
  readonly disguised: boolean;
}

/** The same keys come again and again; of others no more is kept than this. */
const MOST_KEYS = 2048;
const LONGEST_KEY = 48;
const known = new Map<string, Key>();

function facts(key: string): Key {
  const before = known.get(key);
  if (before) return before;
  const folded = fold(key);
  const made = { folded, disguised: RESERVED.has(folded) && !RESERVED.get(folded)?.includes(key) };
  if (key.length > LONGEST_KEY) return made;
  if (known.size >= MOST_KEYS) known.clear();
  // A slice would keep its whole line.
  known.set(Buffer.from(key).toString(), made);
  return made;
}

/** Names are looked for one by one as long as there are no more than these. */
const FEW = 16;

/** Names that were seen in one object: few, mostly. */
class Names {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** False when it was there before. */
  add(name: string): boolean {
    if (this.#many) {
      const { size } = this.#many;
      return this.#many.add(name).size > size;
    }
    if (this.#few.includes(name)) return false;
    if (this.#few.push(name) > FEW) this.#many = new Set(this.#few);
    return true;
  }

  clear(): void {
    this.#few.length = 0;
    this.#many = undefined;
  }
}

/** Used again by each object and array of its depth. */
class Level {
  object = false;
  readonly keys = new Names();
  readonly folded = new Names();

  begin(object: boolean): void {
    this.object = object;
    this.keys.clear();
    this.folded.clear();
  }
}

const LEVELS: readonly Level[] = Array.from({ length: MAX_DEPTH }, () => new Level());

/** Walks keys and nesting. Exact for valid JSON; what is not is for the parser to refuse. */
class Scan {
  readonly #text: string;
  readonly #options: ScanOptions;
  #depth = 0;
  #level: Level | undefined;
  #expectKey = false;
  #lastKey: string | undefined;
  /** Where the value of the top-level `id` begins. */
  idAt = -1;
  /** A number may be more than a double holds. */
  huge = false;

  constructor(text: string, options: ScanOptions) {
    this.#text = text;
    this.#options = options;
  }

  problem(): string | undefined {
    const text = this.#text;
    let digits = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        const end = stringEnd(text, at);
        const problem = this.#expectKey ? this.#key(at + 1, end) : undefined;
        if (problem) return problem;
        this.#expectKey = false;
        at = end;
      } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
        if (!this.#open(code === OPEN_OBJECT)) return `it is nested deeper than ${MAX_DEPTH}`;
      } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
        this.#close();
      } else if (code === COMMA) this.#expectKey = this.#level?.object ?? false;
      else if (code === COLON) this.#colon(at);
      // Some readers of lines end one here.
      else if (code === RETURN) return 'a carriage return stands inside it';
      else if (digits > 0 && (code === SMALL_E || code === LARGE_E)) this.huge = true;
      digits = code >= 0x2b && code <= 0x39 && code !== COMMA ? digits + 1 : 0;
      if (digits >= HUGE) this.huge = true;
      if (digits > MAX_NUMBER) return 'a number is too long';
    }
    return undefined;
  }

  #open(object: boolean): boolean {
    this.#level = LEVELS[this.#depth];
    if (!this.#level) return false;
    this.#level.begin(object);
    this.#depth += 1;
    this.#expectKey = object;
    return true;
  }

  #close(): void {
    this.#level?.begin(false);
    this.#depth = Math.max(0, this.#depth - 1);
    this.#level = this.#depth === 0 ? undefined : LEVELS[this.#depth - 1];
    this.#expectKey = false;
  }

  #colon(at: number): void {
    this.#expectKey = false;
    if (this.#depth === 1 && this.#lastKey === 'id') this.idAt = at + 1;
  }

  #key(start: number, end: number): string | undefined {
    const key = unescaped(this.#text.slice(start, end));
    const level = this.#level;
    this.#lastKey = key;
    if (key === undefined || !level?.object) return undefined;
    if (!level.keys.add(key)) return `the key ${shown(key)} stands there twice`;
    const { strictKeys } = this.#options;
    const depth = this.#depth;
    if (depth > 2 && !strictKeys) return undefined;
    const { folded, disguised } = facts(key);
    if (depth <= 2 && disguised) return `the key ${shown(key)} can be taken for another`;
    if (!strictKeys) return undefined;
    if (!level.folded.add(folded)) return `the key ${shown(key)} can be taken for another beside it`;
    return undefined;
  }
}

const shown = (key: string): string => JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);

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
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes)) return { ok: false, reason: 'it is not UTF-8' };
  const text = bytes.toString(ascii ? 'latin1' : 'utf8');
  const scan = new Scan(text, options);
  const reason = scan.problem();
  if (reason) return { ok: false, reason };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  ODD_NUMBER.lastIndex = scan.idAt;
  if (scan.idAt >= 0 && ODD_NUMBER.test(text))
    return { ok: false, reason: 'its id is not spelled as a whole number' };
  const surrogates = text.includes('\\ud') || text.includes('\\uD');
  if (surrogates && illFormed(value)) return { ok: false, reason: 'it has half of a surrogate pair', value };
  if (scan.huge && hasInfinity(value))
    return { ok: false, reason: 'it has a number that is too large', value };
  return { ok: true, value };
}
