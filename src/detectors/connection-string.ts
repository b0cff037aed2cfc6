// Passwords inside URLs (`postgres://app:secret@db/x`). Only the password is claimed: the rest of the URL stays readable.
import { isAlphanumeric, isSpace } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';
import { isPlaceholder } from './secret-value.ts';

/** Longest user and password believed. */
const LONGEST = 512;

/** In these schemes `/`, `?` and `#` end the authority even where a sloppy password holds one. */
const WEB = /(?:https?|wss?|ftps?|git)$/i;

const isQuote = (code: number): boolean =>
  code === 34 || code === 39 || code === 96 || code === 60 || code === 62;

/** Index of the last `@` of the authority that starts at `from`, or 0. */
function atSign(text: string, from: number, web: boolean): number {
  const stop = Math.min(text.length, from + LONGEST);
  let found = 0;
  for (let i = from; i < stop; i += 1) {
    const code = text.charCodeAt(i);
    if (isSpace(code) || isQuote(code) || (code === 58 && text.startsWith('//', i + 1))) break;
    if (code === 64) found = i;
    else if ((code === 47 || code === 63 || code === 35) && (web || found > 0)) break;
  }
  return found;
}

export const connectionString: AnchoredDetector = {
  kind: 'anchored',
  type: 'connection-string',
  summary: 'passwords in URLs and connection strings',
  byDefault: true,
  rank: 70,
  anchors: ['://'],
  match(text, at) {
    if (!isAlphanumeric(text.charCodeAt(at - 1))) return undefined;
    const from = at + 3;
    const end = atSign(text, from, WEB.test(text.slice(Math.max(0, at - 6), at)));
    if (end === 0) return undefined;
    const colon = text.indexOf(':', from);
    if (colon < 0 || colon + 1 >= end || isPlaceholder(text.slice(colon + 1, end))) return undefined;
    return { start: colon + 1, end };
  },
};
