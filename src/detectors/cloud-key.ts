// Keys and tokens of clouds and services, by the prefix, alphabet and length their vendors publish (key-facts.ts).
import {
  beginsWord,
  isAlphanumeric,
  isBase64,
  isBase64Url,
  isDigit,
  isHex,
  isUpper,
  runEnd,
} from './characters.ts';
import { entropy } from './checksums.ts';
import type { AnchoredDetector } from './detector.ts';
import { type Alphabet, KEY_FACTS, type KeyFact } from './key-facts.ts';
import { SERVICE_KEY_FACTS } from './key-facts-services.ts';

const OF: Readonly<Record<Alphabet, (code: number) => boolean>> = {
  alphanumeric: isAlphanumeric,
  hex: isHex,
  base64url: isBase64Url,
  base64: (code) => isBase64(code) || isBase64Url(code),
  base32: (code) => isUpper(code) || (code >= 50 && code <= 55),
  upper: (code) => isUpper(code) || isDigit(code),
  dotted: (code) => isBase64Url(code) || code === 46,
  dashedHex: (code) => isHex(code) || code === 45,
  percent: (code) => isAlphanumeric(code) || code === 37,
  dollar: (code) => isAlphanumeric(code) || code === 36,
};

/** By the first two characters; longest prefix first, so that `sk-ant-` is not read as `sk-`. */
const FACTS = new Map<string, KeyFact[]>();
const ALL = [...KEY_FACTS, ...SERVICE_KEY_FACTS];
for (const fact of [...ALL].sort((a, b) => b.prefix.length - a.prefix.length)) {
  const start = fact.prefix.slice(0, 2);
  FACTS.set(start, [...(FACTS.get(start) ?? []), fact]);
}

/** Random text of letters and digits; ordinary hyphenated words are not. */
function isMixed(body: string): boolean {
  return /\d/.test(body) && /[A-Z]/.test(body) && /[a-z]/.test(body) && entropy(body) >= 3.5;
}

/** `xxxxxxxx-xxxx` in documentation, and names such as `hf_serving_cell_description`. */
function isWords(body: string): boolean {
  return /^[xX*._-]+$/.test(body) || (/^[a-z_-]+$/.test(body) && new Set(body).size > 8);
}

export const cloudKey: AnchoredDetector = {
  kind: 'anchored',
  type: 'cloud-key',
  summary: 'keys and tokens of clouds and services, by their published shape',
  byDefault: true,
  rank: 90,
  anchors: ALL.map((fact) => fact.prefix),
  match(text, at) {
    if (!beginsWord(text, at) || text.charCodeAt(at - 1) === 95) return undefined;
    for (const fact of FACTS.get(text.slice(at, at + 2)) ?? []) {
      if (!text.startsWith(fact.prefix, at)) continue;
      const body = at + fact.prefix.length;
      const end = runEnd(text, body, OF[fact.alphabet], fact.most + 1);
      if (end - body < fact.fewest || end - body > fact.most || isAlphanumeric(text.charCodeAt(end)))
        continue;
      if (isWords(text.slice(body, end))) continue;
      if (fact.mixed === true && !isMixed(text.slice(body, end))) continue;
      return { start: at, end };
    }
    return undefined;
  },
};
