// Private keys in PEM (RFC 7468), OpenSSH, PGP and PuTTY files, whole or cut off, with real or escaped line ends.
import { isBase64, isSpace } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

/** An END line the text is cut off in. */
const CUT_END = /^-{1,5}(?:E|EN|END[A-Z -]*)?$/;

/** Longest body believed: an RSA key of 16,384 bits has 12,700 characters. */
const LONGEST = 32_768;
const LABEL = /-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
const PUTTY = /Private-Lines: \d{1,4}\s{1,2}/y;

/** Base64, white space, `\` of escaped line ends, and the `:`, `,` and `-` of headers such as `DEK-Info: AES-128-CBC,…`. */
function isBody(code: number): boolean {
  return isBase64(code) || isSpace(code) || code === 92 || code === 58 || code === 44;
}

/** End of the key whose body starts at `from`: behind the END line, or where what may be a body stops. */
function keyEnd(text: string, from: number): number {
  const stop = Math.min(text.length, from + LONGEST);
  let end = from;
  while (end < stop && (isBody(text.charCodeAt(end)) || isHyphenInside(text, end))) end += 1;
  if (text.length - end < 64 && CUT_END.test(text.slice(end))) return text.length;
  if (!text.startsWith('-----END ', end)) return trimmed(text, from, end);
  const close = text.indexOf('-----', end + 9);
  return close < 0 || close > end + 64 ? end : close + 5;
}

const isHyphenInside = (text: string, at: number): boolean =>
  text.charCodeAt(at) === 45 && text.charCodeAt(at + 1) !== 45;

function trimmed(text: string, from: number, end: number): number {
  let last = end;
  while (last > from && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return last;
}

export const privateKey: AnchoredDetector = {
  kind: 'anchored',
  type: 'private-key',
  summary: 'private keys in PEM, OpenSSH, PGP and PuTTY files',
  byDefault: true,
  rank: 95,
  anchors: ['-----BEGIN ', 'Private-Lines: '],
  match(text, at) {
    const head = text.charCodeAt(at) === 80 ? PUTTY : LABEL;
    head.lastIndex = at;
    return head.test(text) ? { start: at, end: keyEnd(text, head.lastIndex) } : undefined;
  },
};
