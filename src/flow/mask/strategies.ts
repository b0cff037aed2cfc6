// What stands in a value's place once it is masked. A replacement must never let the raw value be read from it.
import { createHmac } from 'node:crypto';
import type { MaskStrategy } from '../../model/connection.ts';

/** Characters that stay readable at the end of a value; never more than a quarter of it. PCI DSS 3.4.1 allows the last four. */
const LAST = 4;

/** Hex digits of the HMAC that are kept: 64 bits, enough to join on and too few to carry a short value. */
const HASH_DIGITS = 16;

type Partial = (raw: string) => string;

function redacted(type: string): string {
  return `[${type}]`;
}

const isLetterOrDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/** Blanks, hyphens and the like stay as they are: the value keeps its form. */
const isSeparator = (code: number): boolean =>
  code === 32 ||
  (code >= 9 && code <= 13) ||
  code === 40 ||
  code === 41 ||
  code === 46 ||
  code === 43 ||
  code === 45;

/** The same as `lastOnes` for text of ASCII alone; undefined for any other. */
function lastAscii(raw: string, keep: number): string | undefined {
  let total = 0;
  for (let at = 0; at < raw.length; at += 1) {
    const code = raw.charCodeAt(at);
    if (code > 127) return undefined;
    if (isLetterOrDigit(code)) total += 1;
  }
  let left = total - Math.min(keep, Math.floor(total / 4));
  let out = '';
  for (let at = 0; at < raw.length; at += 1) {
    const code = raw.charCodeAt(at);
    if (isLetterOrDigit(code)) {
      left -= 1;
      out += left >= 0 ? '*' : raw[at];
    } else out += isSeparator(code) ? raw[at] : '*';
  }
  return out;
}

/** Every letter and digit becomes `*` save the last `keep`, and `keep` is at most a quarter of them. */
function lastOnes(raw: string, keep: number): string {
  const ascii = lastAscii(raw, keep);
  if (ascii !== undefined) return ascii;
  const characters = [...raw];
  const total = characters.filter((character) => /[\p{L}\p{N}]/u.test(character)).length;
  let left = total - Math.min(keep, Math.floor(total / 4));
  return characters
    .map((character) => {
      if (!/[\p{L}\p{N}]/u.test(character)) return /[\s().+-]/.test(character) ? character : '*';
      left -= 1;
      return left >= 0 ? '*' : character;
    })
    .join('');
}

function partialEmail(raw: string): string {
  const at = raw.lastIndexOf('@');
  if (at < 1) return redacted('email');
  const [first = '*'] = raw;
  return `${first}***${raw.slice(at)}`;
}

/** Country and the last four. */
function partialIban(raw: string): string {
  return /^[A-Za-z]{2}/.test(raw) ? `${raw.slice(0, 2)}${lastOnes(raw.slice(2), LAST)}` : lastOnes(raw, LAST);
}

/** The network part of an IPv4 address, the first two groups of an IPv6 one. */
function partialAddress(raw: string): string {
  const separator = raw.includes(':') ? ':' : '.';
  const groups = raw.split(separator);
  return groups.map((group, index) => (index < 2 ? group : '*')).join(separator);
}

/** How much of a value `partial` shows. Types that are not here are secrets, and show nothing. */
const PARTIAL: Readonly<Record<string, Partial>> = Object.assign(Object.create(null), {
  'payment-card': (raw: string) => lastOnes(raw, LAST),
  iban: partialIban,
  phone: (raw: string) => lastOnes(raw, LAST),
  email: partialEmail,
  'ip-address': partialAddress,
  'mac-address': (raw: string) => lastOnes(raw, LAST),
  'us-ssn': (raw: string) => lastOnes(raw, 2),
  'us-itin': (raw: string) => lastOnes(raw, 2),
});

/** Deterministic, so that equal values stay joinable: `[type:` and 64 bits of HMAC-SHA-256 over type and value. */
function hashed(type: string, raw: string, hashKey: Uint8Array): string {
  const digest = createHmac('sha256', hashKey).update(type).update('\0').update(raw).digest('hex');
  return `[${type}:${digest.slice(0, HASH_DIGITS)}]`;
}

/** Replaces one value. `null` means SQL NULL or, in text, nothing at all. */
export function applyStrategy(
  strategy: MaskStrategy,
  type: string,
  raw: string,
  hashKey: Uint8Array,
): string | null {
  switch (strategy) {
    case 'redact':
      return redacted(type);
    case 'partial':
      return PARTIAL[type]?.(raw) ?? redacted(type);
    case 'hash':
      return hashed(type, raw, hashKey);
    case 'null':
      return null;
  }
}

/** Strategy for a type: what the connection says, `redact` where it says nothing. */
export function strategyFor(strategies: Readonly<Record<string, MaskStrategy>>, type: string): MaskStrategy {
  return Object.hasOwn(strategies, type) ? (strategies[type] ?? 'redact') : 'redact';
}
