// Values inside base64: what stands there is decoded and looked at, to a depth, and the whole stretch is claimed. A few bytes are
// decoded only where they read as text. Limit: of a stretch longer than a mebibyte its beginning.
import type { Span } from '../../../model/masking.ts';

type Scan = (text: string) => readonly Span[];

/** Shorter stretches hold nothing a detector knows. */
const STRETCH = /[A-Za-z0-9+/_-]{16}(?:[A-Za-z0-9+/_-]|\r?\n(?=[A-Za-z0-9+/_-]))*={0,2}/g;
const SIGN = /[A-Za-z0-9+/_-]{16}/;
const DEEPEST = 3;
const MOST = 1024 * 1024;

/** Share of printable characters that makes bytes a text. */
const TEXT = 0.95;

function isText(decoded: string): boolean {
  let printable = 0;
  for (let at = 0; at < decoded.length; at += 1) {
    const code = decoded.charCodeAt(at);
    if ((code >= 32 && code < 127) || (code >= 9 && code <= 13)) printable += 1;
  }
  return printable >= decoded.length * TEXT;
}

function inside(text: string, scan: Scan, depth: number): readonly Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(STRETCH)) {
    const [stretch] = match;
    const decoded = Buffer.from(stretch.slice(0, MOST), 'base64').toString('latin1');
    if (!isText(decoded)) continue;
    const [found] = [...scan(decoded), ...(depth > 1 ? inside(decoded, scan, depth - 1) : [])];
    if (found) spans.push({ start: match.index, end: match.index + stretch.length, type: found.type });
  }
  return spans;
}

/** What `scan` finds in the text, and the stretches of base64 in which it finds something. */
export function scanDecoded(text: string, scan: Scan): readonly Span[] {
  const plain = scan(text);
  if (!SIGN.test(text)) return plain;
  const hidden = inside(text, scan, DEEPEST);
  if (hidden.length === 0) return plain;
  const free = plain.filter((span) => hidden.every((one) => span.end <= one.start || span.start >= one.end));
  return [...free, ...hidden].sort((a, b) => a.start - b.start);
}
