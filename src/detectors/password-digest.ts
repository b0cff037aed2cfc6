// Digests and salts of passwords that have no mark of their own: bare hex or base64 behind a name such as `password_hash`.
import { beginsWord, isWord } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';
import { isPlaceholder, namedValue } from './secret-value.ts';

/** What was digested, and that it was. */
const NAME =
  /(?:pass(?:word|wd|wort|phrase|code)?|pwd|pin)s?[ _-]?(?:hash(?:ed)?|digest|salt|crypted|encrypted|md5|sha(?:1|256|512)?|hmac|verifier)(?:[_-]?(?:hex|value|base64|b64))?(?![a-z0-9])/iy;
const SALT = /salt(?![a-z0-9])/iy;

/** Sixteen characters of hex hold 64 bits; shorter ones are sums of something else. */
const DIGEST = /^(?:[0-9a-f]{16,256}|[A-Za-z0-9+/_-]{16,344}={0,2})(?![\w.])/i;

/** A word is no digest: digits count, or letters of both cases. */
function digestIn(value: string): string | undefined {
  const [digest = ''] = DIGEST.exec(value) ?? [];
  const mixed = /\d/.test(digest) || (/[a-z]/.test(digest) && /[A-Z]/.test(digest));
  return mixed ? digest : undefined;
}

export const passwordDigest: AnchoredDetector = {
  kind: 'anchored',
  type: 'password-hash',
  summary: 'digests and salts of passwords, where the name says so',
  byDefault: true,
  rank: 42,
  anchors: ['pass', 'pwd', 'pin', 'salt'],
  ignoreCase: true,
  match(text, at) {
    const name = text[at] === 's' || text[at] === 'S' ? SALT : NAME;
    name.lastIndex = at;
    if (!name.test(text) || !(beginsWord(text, at) || isWord(text.charCodeAt(at - 1)))) return undefined;
    if (name === SALT && !beginsWord(text, at)) return undefined;
    const value = namedValue(text, at, name.lastIndex);
    if (value === undefined) return undefined;
    const raw = text.slice(value.start, value.end);
    const digest = isPlaceholder(raw) ? undefined : digestIn(raw);
    return digest === undefined ? undefined : { start: value.start, end: value.start + digest.length };
  },
};
