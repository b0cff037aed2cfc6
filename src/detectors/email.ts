// E-mail addresses (RFC 5321 lengths, RFC 6531 letters): sought at the `@`, outwards.
import { isAlphanumeric, isEscapeLetter, isLetter } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

/** RFC 5321 section 4.5.3.1: octets of the local part and of the domain. */
const LOCAL = 64;
const DOMAIN = 255;

/** RFC 5322 atext without the characters that delimit addresses in URLs, JSON, CSV and shells, and the dot. */
const ATEXT = new Set([...'!#$%&*+-._~^'].map((letter) => letter.charCodeAt(0)));

function isLocal(code: number): boolean {
  return isAlphanumeric(code) || ATEXT.has(code) || code > 0x7f;
}

/** Spaces, quotes and dashes beyond ASCII end an address; other non-ASCII characters are letters of it. */
function isWidePunctuation(code: number): boolean {
  return (
    (code >= 0x2000 && code <= 0x206f) ||
    (code >= 0x3000 && code <= 0x303f) ||
    (code >= 0xff00 && code <= 0xff0f)
  );
}

const isContinuation = (code: number): boolean => code >= 0x80 && code <= 0xbf;

/** The same characters as three UTF-8 bytes read as Latin-1, starting at `at`. */
function startsWide(text: string, at: number): boolean {
  const lead = text.charCodeAt(at);
  if (lead < 0xe2 || lead > 0xef) return false;
  const middle = text.charCodeAt(at + 1);
  const last = text.charCodeAt(at + 2);
  if (!isContinuation(middle) || !isContinuation(last)) return false;
  return isWidePunctuation(((lead & 15) << 12) | ((middle & 63) << 6) | (last & 63));
}

/** Bytes that follow a lead byte of UTF-8 (RFC 3629); 0 for what is none. */
function following(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/** A no-break space, and not a byte of another UTF-8 character: `à` is C3 A0. */
function isNoBreakSpace(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 0xa0) return false;
  let back = 1;
  while (back < 3 && isContinuation(text.charCodeAt(at - back))) back += 1;
  const lead = text.charCodeAt(at - back);
  const needed = following(lead);
  if (back > needed) return true;
  for (let next = at + 1; next <= at - back + needed; next += 1) {
    if (!isContinuation(text.charCodeAt(next))) return true;
  }
  return lead === 0xc2;
}

function localStart(text: string, at: number): number {
  let start = at;
  let characters = 0;
  while (start > 0 && characters < LOCAL) {
    const code = text.charCodeAt(start - 1);
    if (!isLocal(code) || isWidePunctuation(code) || isNoBreakSpace(text, start - 1)) break;
    if (code > 0x7f && startsWide(text, start - 3)) break;
    // Bytes that continue a character count for nothing.
    if (!isContinuation(code)) characters += 1;
    else if (at - start > 4 * LOCAL) break;
    start -= 1;
  }
  while (start < at && (text.charCodeAt(start) === 46 || isEscapeLetter(text, start))) start += 1;
  return start;
}

/** Whether a space, quote or dash beyond ASCII starts at `at`, as UTF-16 or as bytes. */
function endsAddress(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (!(code > 0x7f)) return false;
  if (code === 0xc2 && text.charCodeAt(at + 1) === 0xa0) return true;
  return isWidePunctuation(code) || startsWide(text, at) || isNoBreakSpace(text, at);
}

/** Whether [label, end) may be a top-level domain: two characters and a letter first, or beyond ASCII. */
function isTopLevel(text: string, label: number, end: number): boolean {
  const first = text.charCodeAt(label);
  return end > label && (first > 0x7f || (isLetter(first) && end - label >= 2));
}

/** End of the longest domain with a dot and a top level; 0 when there is none. What follows it, as in `a.co.5`, is left. */
function domainEnd(text: string, from: number): number {
  const stop = Math.min(text.length, from + DOMAIN);
  let good = 0;
  let label = from;
  let end = from;
  for (; end < stop; end += 1) {
    const code = text.charCodeAt(end);
    if (code === 46) {
      if (end === label) break;
      if (label > from && isTopLevel(text, label, end)) good = end;
      label = end + 1;
    } else if (!(isAlphanumeric(code) || code === 45 || code > 0x7f) || endsAddress(text, end)) break;
  }
  return label > from && isTopLevel(text, label, end) ? end : good;
}

/** `//user:` before the local part: the password of a URL, which is another detector's. */
function isUserinfo(text: string, start: number): boolean {
  if (text.charCodeAt(start - 1) !== 58) return false;
  const before = text.slice(Math.max(0, start - LOCAL), start - 1);
  const slashes = before.lastIndexOf('//');
  return slashes >= 0 && !/[\s/]/.test(before.slice(slashes + 2));
}

export const email: AnchoredDetector = {
  kind: 'anchored',
  type: 'email',
  summary: 'e-mail addresses',
  byDefault: true,
  rank: 50,
  anchors: ['@'],
  match(text, at) {
    const next = text.charCodeAt(at + 1);
    if (!(isAlphanumeric(next) || next > 0x7f)) return undefined;
    const start = localStart(text, at);
    if (start === at || isUserinfo(text, start)) return undefined;
    const end = domainEnd(text, at + 1);
    return end === 0 ? undefined : { start, end };
  },
};
