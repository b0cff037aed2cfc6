// Random-looking values where the name says secret: API keys, tokens, authorization headers. A digest elsewhere is left alone.
import { isLetter, isWord } from './characters.ts';
import { entropy } from './checksums.ts';
import type { AnchoredDetector, Hit } from './detector.ts';
import {
  assignedValue,
  flagValue,
  isClosing,
  isCode,
  isPlaceholder,
  listedValue,
  namedValue,
} from './secret-value.ts';

const NAMES = ['secret', 'token', 'key', 'credential', 'creds', 'authorization', 'bearer '];

/** `key` alone says nothing: it has to be one of these. */
const KEYS =
  /(?:api|app|access|private|secret|signing|encryption|master|account|shared|auth|service|client|license|ssh|hmac|kms)[_ .-]?$/i;

const FEWEST = 12;

/** Characters of a value that are judged: random text shows itself early. */
const JUDGED = 48;

/** Bits per character; English words have 2.5 to 3 at these lengths, random hex 3 to 4, base64 4 and more. */
const RANDOM = 2.9;

/** `jjwt-jackson-0.11.2`: words and a version. */
const VERSIONED = /^[a-z]+(?:[-_.][a-z]+)*[-_.]v?\d+(?:\.\d+)+$/i;

function isRandom(whole: string): boolean {
  const value = whole.slice(0, JUDGED);
  if (value.length < FEWEST || isPlaceholder(value) || /[\s]/.test(value)) return false;
  const letters = /[a-z]/i.test(value);
  const digits = /\d/.test(value);
  // Some services number their secrets; ordinary numbers are shorter.
  if (/^\d{15,}(?![\w.-])/.test(value)) return true;
  if (VERSIONED.test(value)) return false;
  if (!letters || !digits)
    return value.length >= 20 && /[a-z]/.test(value) && /[A-Z]/.test(value) && entropy(value) >= 3.8;
  if (/^(?:https?:|\/|\.{1,2}\/|[a-z]:\\)/i.test(value)) return false;
  return entropy(value) >= RANDOM;
}

/** `secretKey`, `token_value`, `tokens`: a few endings belong to the name. */
const ENDING =
  /^(?:s|[_-]?(?:access[_-]?)?key(?:[_-]?base)?|[_-]?value|[_-]?string|[_-]?id[_-]?token)?(?:_?\d{1,3})?(?![a-z0-9])/i;

function nameEnd(text: string, at: number, name: string): number {
  const end = at + name.length;
  const ending =
    isWord(text.charCodeAt(end)) || text.charCodeAt(end) === 45
      ? ENDING.exec(text.slice(end, end + 24))
      : null;
  return end + (ending?.[0].length ?? 0);
}

/** Behind `Basic `, `Bearer ` and the like at the start of a header's value. */
function afterScheme(text: string, value: Hit): number {
  const scheme = /^(?:basic|bearer|token|digest|apikey)\s+/i.exec(text.slice(value.start, value.start + 10));
  return value.start + (scheme?.[0].length ?? 0);
}

function credentialsEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && end < from + 4096 && /[\w.~+/=-]/.test(text[end] ?? '')) end += 1;
  return end;
}

/** `Authorization: Basic …` and `bearer …`: the scheme stays, what follows is the secret. */
function header(text: string, at: number, name: string): Hit | undefined {
  if (name === 'bearer ') {
    const start = at + name.length;
    const end = credentialsEnd(text, start);
    return end - start >= 20 && isRandom(text.slice(start, end)) ? { start, end } : undefined;
  }
  const value = assignedValue(text, at + name.length);
  if (value === undefined) return undefined;
  const start = afterScheme(text, value);
  const end = credentialsEnd(text, start);
  return end - start >= 6 && !isPlaceholder(text.slice(start, end)) ? { start, end } : undefined;
}

function nameAt(text: string, at: number): string {
  return NAMES.find((word) => text.slice(at, at + word.length).toLowerCase() === word) ?? '';
}

export const secret: AnchoredDetector = {
  kind: 'anchored',
  type: 'secret',
  summary: 'random-looking values where the name says secret, token, API key or authorization',
  byDefault: true,
  rank: 30,
  anchors: NAMES,
  ignoreCase: true,
  match(text, at) {
    const name = nameAt(text, at);
    if (name === 'authorization' || name === 'bearer ') return header(text, at, name);
    if (name === 'key' && !KEYS.test(text.slice(Math.max(0, at - 12), at))) return undefined;
    if (name === 'token' && isLetter(text.charCodeAt(at - 1)) && /[^a-z]to/i.test(text.slice(at - 2, at)))
      return undefined;
    const end = nameEnd(text, at, name);
    const start = namedValue(text, at, end, JUDGED) ?? listedValue(text, end) ?? flagValue(text, at, end);
    if (start === undefined || isClosing(text, at, start)) return undefined;
    const raw = text.slice(start.start, start.end);
    if (!isRandom(raw) || isCode(raw)) return undefined;
    const value = namedValue(text, at, end) ?? start;
    return { start: value.start, end: value.end };
  },
};
