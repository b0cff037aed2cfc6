// JSON Web Tokens (RFC 7515 compact serialisation): three base64url parts of which the first two start as `{"` does.
import { isBase64Url, runEnd } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

/** Longest header and payload believed; a signature of ML-DSA-87 has 6,170 characters. */
const LONGEST = 16_384;

export const jwt: AnchoredDetector = {
  kind: 'anchored',
  type: 'jwt',
  summary: 'JSON web tokens',
  byDefault: true,
  rank: 85,
  anchors: ['eyJ'],
  match(text, at) {
    const before = text.charCodeAt(at - 1);
    if (isBase64Url(before) && text.charCodeAt(at - 2) !== 92) return undefined;
    const header = runEnd(text, at, isBase64Url, LONGEST);
    if (header - at < 10 || text.charCodeAt(header) !== 46) return undefined;
    const payload = runEnd(text, header + 1, isBase64Url, LONGEST);
    if (payload - header < 5 || text.charCodeAt(payload) !== 46) return undefined;
    return { start: at, end: runEnd(text, payload + 1, isBase64Url, LONGEST) };
  },
};
