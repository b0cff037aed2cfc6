// Passwords given to a name: `password=…`, `"pwd": "…"`, `PASSWORD '…'` in SQL, `--password …` on a command line.
import { isDigit, isLetter } from './characters.ts';
import type { AnchoredDetector, Hit } from './detector.ts';
import { flagValue, isClosing, isCode, isPlaceholder, namedValue, quotedValue } from './secret-value.ts';

/** In the languages of Europe too; bytes of UTF-8 read as Latin-1 count as the letter they make. */
const NAME =
  /password|passwd|passwort|passphrase|passcode|passord|pwd|kennwort|contrase(?:ñ|Ã±|n)a|senha|wachtwoord|haslo|senord|salasana|heslo|adgangskode|(?<=mots?[ _-]?de[ _-]?)passe|pass|identified by|(?<![a-z])(?:psk|(?:seed|recovery)[ _-]?phrase|(?:recovery|backup|scratch)[ _-]?codes?)/iy;

/** What each of them begins with. */
const ANCHORS = [
  'pass',
  'pwd',
  'kennwort',
  'contrase',
  'senha',
  'wachtwoord',
  'haslo',
  'senord',
  'salasana',
  'heslo',
];
const MORE = ['adgangskode', 'identified by', 'psk', 'seed', 'recovery', 'backup', 'scratch'];

function nameEnd(text: string, at: number): number {
  NAME.lastIndex = at;
  if (!NAME.test(text)) return -1;
  let end = NAME.lastIndex;
  while (end < NAME.lastIndex + 3 && isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

/** `pass` alone is also a verdict: it counts when it ends a longer name, or its value is quoted or follows `=`. */
function isVerdict(text: string, at: number, end: number, value: Hit & { quoted?: boolean }): boolean {
  if (end - at !== 4) return false;
  if (text.charCodeAt(at - 1) === 95 || value.quoted === true) return false;
  return (
    isLetter(text.charCodeAt(at - 1)) ||
    !text.slice(end, value.start).includes('=') ||
    isDigit(text.charCodeAt(value.start))
  );
}

/** The shell's working directories are called PWD and OLDPWD. */
function isWorkingDirectory(text: string, at: number, value: Hit): boolean {
  return text.startsWith('PWD', at) && /[/~]/.test(text[value.start] ?? '');
}

export const password: AnchoredDetector = {
  kind: 'anchored',
  type: 'password',
  summary: "passwords given to a name, as in password=… or PASSWORD '…'",
  byDefault: true,
  rank: 40,
  anchors: [...ANCHORS, ...MORE],
  ignoreCase: true,
  match(text, at) {
    const end = nameEnd(text, at);
    if (end < 0) return undefined;
    const value = namedValue(text, at, end) ?? quotedValue(text, end) ?? flagValue(text, at, end);
    if (value === undefined || isClosing(text, at, value)) return undefined;
    const raw = text.slice(value.start, value.end);
    if (isPlaceholder(raw) || isCode(raw)) return undefined;
    if (isVerdict(text, at, end, value) || isWorkingDirectory(text, at, value)) return undefined;
    return { start: value.start, end: value.end };
  },
};
