// Canonical JSON (RFC 8785), strict: one value has one spelling. Must never accept what two readers could read differently.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What was wrong, and where: a path such as `predicate.chain.seq`. */
export class CanonicalError extends Error {
  readonly path: string;

  constructor(reason: string, path: readonly (string | number)[]) {
    super(path.length === 0 ? reason : `${path.join('.')}: ${reason}`);
    this.name = 'CanonicalError';
    this.path = path.join('.');
  }
}

const MAX_DEPTH = 64;
/** Text that JSON.stringify would return unchanged between quotes. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(text: string, path: readonly (string | number)[]): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new CanonicalError('a surrogate without its pair', path);
  return JSON.stringify(text);
}

function integer(value: number, path: readonly (string | number)[]): string {
  if (!Number.isSafeInteger(value)) throw new CanonicalError('not an integer up to 2^53-1', path);
  // Negative zero prints as 0 (section 3.2.2.3).
  return String(value);
}

function write(value: unknown, path: (string | number)[]): string {
  switch (typeof value) {
    case 'string':
      return quote(value, path);
    case 'number':
      return integer(value, path);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : compound(value, path);
    default:
      throw new CanonicalError(`a ${typeof value} has no JSON form`, path);
  }
}

function compound(value: object, path: (string | number)[]): string {
  if (path.length >= MAX_DEPTH) throw new CanonicalError(`nested deeper than ${MAX_DEPTH}`, path);
  if (Array.isArray(value)) return array(value, path);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new CanonicalError('not a plain object', path);
  return object(value as Readonly<Record<string, unknown>>, path);
}

function array(value: readonly unknown[], path: (string | number)[]): string {
  let text = '[';
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    text += index === 0 ? write(value[index], path) : `,${write(value[index], path)}`;
    path.pop();
  }
  return `${text}]`;
}

function object(value: Readonly<Record<string, unknown>>, path: (string | number)[]): string {
  let text = '{';
  // The default sort is by UTF-16 code units, as section 3.2.3 wants it.
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    path.push(key);
    text += `${text === '{' ? '' : ','}${quote(key, path)}:${write(member, path)}`;
    path.pop();
  }
  return `${text}}`;
}

/** The one spelling of a value. Members that are undefined are left out. Throws CanonicalError. */
export function canonical(value: unknown): string {
  return write(value, []);
}

/** True when JSON.stringify of a parsed value is its canonical spelling: keys in order, numbers safe integers. */
function inOrder(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const each of value) if (!inOrder(each, depth + 1)) return false;
    return true;
  }
  let before: string | undefined;
  for (const key in value) {
    if (before !== undefined && key <= before) return false;
    before = key;
    if (!inOrder((value as Readonly<Record<string, unknown>>)[key], depth + 1)) return false;
  }
  return true;
}

/** A quick yes for most texts; no means that `canonical` has to be asked. `value` is what the text parses to. */
export function isPlainlyCanonical(text: string, value: unknown): boolean {
  // The native printer escapes lone surrogates instead of refusing them.
  return !text.includes('\\ud') && inOrder(value, 0) && JSON.stringify(value) === text;
}

/**
 * Reads a text that must be its own canonical spelling: duplicate keys, floats, large integers, white space and
 * unsorted keys all make it differ from what is printed again. Throws CanonicalError.
 */
export function parseCanonical(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new CanonicalError('not JSON', []);
  }
  if (!isPlainlyCanonical(text, value) && canonical(value) !== text)
    throw new CanonicalError('not the canonical spelling', []);
  return value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As parseCanonical, from bytes that must be valid UTF-8 and no longer than `limit`. */
export function parseCanonicalBytes(bytes: Uint8Array, limit: number): Json {
  if (bytes.byteLength > limit) throw new CanonicalError(`longer than ${limit} bytes`, []);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new CanonicalError('not UTF-8', []);
  }
  return parseCanonical(text);
}
