// Session ids: sort by time, hard to guess, easy to read aloud. Must never repeat.
import { randomBytes } from 'node:crypto';

/** Crockford's base 32, lower case: no i, l, o, u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function encode(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n)
    text = (ALPHABET[Number(rest & 31n)] ?? '0') + text;
  return text;
}

/** 9 characters of milliseconds and 8 random ones, e.g. `1jbx2k3m4n5p6q7r8`. */
export function sessionId(now: number): string {
  return encode(BigInt(now), 9) + encode(BigInt(`0x${randomBytes(5).toString('hex')}`), 8);
}
