// Passwords given to a name: `password=…`, `"pwd": "…"`, `PASSWORD '…'` in SQL, `--password …` on a command line.
import { isDigit, isLetter } from './characters.ts';
import type { AnchoredDetector, Hit } from './detector.ts';
import { flagValue, isClosing, isCode, isPlaceholder, namedValue, quotedValue } from './secret-value.ts';

const NAMES = ['password', 'passwd', 'passphrase', 'passcode', 'pwd', 'pass', 'identified by'];

function nameEnd(text: string, at: number): number {
  const name = NAMES.find((word) => text.slice(at, at + word.length).toLowerCase() === word) ?? '';
  let end = at + name.length;
  while (end < at + name.length + 3 && isDigit(text.charCodeAt(end))) end += 1;
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
  anchors: NAMES,
  ignoreCase: true,
  match(text, at) {
    const end = nameEnd(text, at);
    const value = namedValue(text, at, end) ?? quotedValue(text, end) ?? flagValue(text, at, end);
    if (value === undefined || isClosing(text, at, value)) return undefined;
    const raw = text.slice(value.start, value.end);
    if (isPlaceholder(raw) || isCode(raw)) return undefined;
    if (isVerdict(text, at, end, value) || isWorkingDirectory(text, at, value)) return undefined;
    return { start: value.start, end: value.end };
  },
};
