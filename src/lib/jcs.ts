// RFC 8785 for JSON that others wrote, fractions included: one value has one spelling, so that two copies can be compared by digest.
import { sha256 } from './digest.ts';

const MAX_DEPTH = 128;

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('a surrogate without its pair has no canonical form');
  return JSON.stringify(value);
}

/** The canonical form. Throws TypeError for what JSON cannot say: functions, NaN, lone surrogates, more than 128 levels. */
export function jcs(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new TypeError(`nested deeper than ${MAX_DEPTH}`);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`);
  // Section 3.2.2.3: numbers print as ECMAScript prints them, minus zero as 0.
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => jcs(each, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} has no JSON form`);
  const given = value as Readonly<Record<string, unknown>>;
  // The default sort is by UTF-16 code units, as section 3.2.3 wants it.
  const members = Object.keys(given)
    .sort()
    .map((name) => `${text(name)}:${jcs(given[name], depth + 1)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 hex of the canonical form. */
export function jcsDigest(value: unknown): string {
  return sha256(jcs(value));
}
