// Reads the value that is assigned to a name: `name=value`, `"name": "value"`, `NAME 'value'`, `--name value`. Bounded and linear.
import { isAlphanumeric, isWord } from './characters.ts';
import type { Hit } from './detector.ts';

/** Longest value believed. */
const LONGEST = 512;

/** What stands for a value rather than being one: masks, variables, templates, null words. */
const PLACEHOLDER =
  /^(?:\*+|x{3,}|\.{3,}|-+|\?|\$\d+|%\w|:\w+|\$?\{\{?[^}]*\}?\}?|\$[A-Z_][A-Z0-9_]*|\$\([^)]*|<[^>]*>?|\[[^\]]*\]?|null|nil|none|undefined|true|false|yes|no|empty|redacted|hidden|masked|md5|scram-sha-256|[01])$/i;

/**
 * Source code rather than a value: `getpass(prompt`, `Optional[bytes]`, `options.token`, `(optional)`, `:py:data`. Words joined by
 * dots count only behind a usual root: `correct.horse` is a password.
 */
const CODE =
  /^(?:[A-Za-z_$][\w$.]*(?:\([\w$.,'"]*\)?|\[[\w$.[\]-]*\]*)|(?:args|config|credentials|env|local|module|opts|options|params|process|props|req|request|secrets|self|settings|this|user|vars?)\??\.[\w$.?]+|\([a-z ]+\)?|:.*)$/;

export function isCode(value: string): boolean {
  return CODE.test(value);
}

export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value);
}

/** Up to three quotes and backslashes, as JSON within JSON writes them. */
function afterQuotes(text: string, at: number): number {
  let i = at;
  while (i < at + 3) {
    const code = text.charCodeAt(i);
    if (code !== 34 && code !== 39 && code !== 92 && code !== 96) break;
    i += 1;
  }
  return i;
}

function afterBlanks(text: string, at: number): number {
  let i = at;
  while (i < at + 32 && (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 9)) i += 1;
  return i;
}

/** Behind `::=`; two colons alone join names. */
function afterColons(text: string, at: number): number {
  const equals = text.charCodeAt(at + 2) === 58 ? at + 3 : at + 2;
  return text.charCodeAt(equals) === 61 ? equals + 1 : 0;
}

/** `"name": "DB_PASSWORD", "value": "…"`, `key="Password" value="…"`, and the same in YAML: the value has a name of its own. */
const PAIRED = /^["']?\s{0,3},?\s{0,32}["']?value["']?\s{0,2}[:=]\s{0,2}/i;

/** Where the value of such a pair starts; 0 when there is none. */
function afterPaired(text: string, end: number): number {
  const code = text.charCodeAt(end);
  if (code !== 34 && code !== 39 && code !== 10 && code !== 13) return 0;
  const paired = PAIRED.exec(text.slice(end, end + 64));
  return paired === null ? 0 : end + paired[0].length;
}

/** Behind `=`, `:`, `:=`, `=>`, `?=`, `.=`, `+=`, `||=` or `%3D`, when one stands at `at`; otherwise 0. */
function afterOperator(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 43 || code === 46 || code === 63 || code === 124) {
    const equals = text.charCodeAt(at + 1) === code ? at + 2 : at + 1;
    return text.charCodeAt(equals) === 61 ? equals + 1 : 0;
  }
  if (code === 61)
    return text.charCodeAt(at + 1) === 62 ? at + 2 : text.charCodeAt(at + 1) === 61 ? 0 : at + 1;
  if (code === 58)
    return text.charCodeAt(at + 1) === 61
      ? at + 2
      : text.charCodeAt(at + 1) === 58
        ? afterColons(text, at)
        : at + 1;
  return code === 37 && /^%3[dDaA]/.test(text.slice(at, at + 3)) ? at + 3 : 0;
}

/** 1 where a bare value ends: white space, quotes, `&`, `;`, `<`, `>`; 2 where what follows decides. */
const STOPS = new Uint8Array(128);
for (const letter of '\t\n\v\f\r "\'`&;<>') STOPS[letter.charCodeAt(0)] = 1;
for (const letter of '\\,)]}') STOPS[letter.charCodeAt(0)] = 2;

const isStop = (code: number): boolean => code < 128 && STOPS[code] === 1;

/** A comma or closing bracket ends a bare value only where something else follows it. */
function endsAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const stop = code < 128 ? STOPS[code] : 0;
  if (stop !== 2) return stop === 1;
  if (code === 92) return /[nrt"'\\]/.test(text[at + 1] ?? '');
  const next = text.charCodeAt(at + 1);
  return (
    Number.isNaN(next) ||
    isStop(next) ||
    !isAlphanumeric(next) ||
    /^[\w.-]{1,32}\s?[=:]/.test(text.slice(at + 1, at + 35))
  );
}

function bareEnd(text: string, from: number, longest: number): number {
  const stop = Math.min(text.length, from + longest);
  let end = from;
  while (end < stop && !endsAt(text, end)) end += 1;
  return end;
}

/** End of the value that opened with the quote before `from`; an escaped quote is part of it, a line end is not. */
function quotedEnd(text: string, from: number, quote: string, escaped: boolean): number {
  const stop = Math.min(text.length, from + LONGEST);
  for (let i = from; i < stop; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 10) return i;
    if (code === 92) {
      if (escaped && text[i + 1] === quote) return i;
      i += 1;
    } else if (text[i] === quote) {
      // SQL doubles a quote inside.
      if (quote === "'" && text[i + 1] === "'") i += 1;
      else return i;
    }
  }
  return stop;
}

function valueAt(
  text: string,
  at: number,
  longest = LONGEST,
): (Hit & { readonly quoted: boolean }) | undefined {
  const start = afterQuotes(text, at);
  const quote = text[start - 1] ?? '';
  const quoted = start > at && quote !== '\\';
  if (!quoted && text.charCodeAt(start) === 44) return undefined;
  const end = quoted
    ? quotedEnd(text, start, quote, text[start - 2] === '\\')
    : bareEnd(text, start, longest);
  return end > start ? { start, end, quoted } : undefined;
}

/** Whether the quote before a value closes what the name is in, as in `prompt='Password: '`, rather than opens the value. */
export function isClosing(text: string, name: number, value: Hit): boolean {
  const quote = text.charCodeAt(value.start - 1);
  if (quote !== 34 && quote !== 39 && quote !== 96) return false;
  let start = name;
  while (start > name - 32 && (isWord(text.charCodeAt(start - 1)) || text.charCodeAt(start - 1) === 32))
    start -= 1;
  return (
    text.charCodeAt(start - 1) === quote &&
    !text.slice(name, value.start - 1).includes(text[value.start - 1] ?? '')
  );
}

/** `token string = "…"`, `token: str = "…"`: the type of a variable stands between its name and its value. */
const TYPED = /^\s?:?\s?(?:string|str|&str|text|varchar)\s{0,2}:?=\s{0,2}/i;

/** `<dbPassword type="x"> … </`: what is left of the tag. */
const TAG_REST = /^(?:\s[^<>]{0,64})?>\s{0,32}/;
const TAG_START = /<[\w:.-]{0,48}$/;

/** The text of an XML element that the name ends the start tag of. */
function elementText(
  text: string,
  name: number,
  end: number,
): (Hit & { readonly quoted: boolean }) | undefined {
  const code = text.charCodeAt(end);
  if (code !== 62 && code !== 32) return undefined;
  const rest = TAG_REST.exec(text.slice(end, end + 100));
  if (rest === null || !TAG_START.test(text.slice(Math.max(0, name - 50), name))) return undefined;
  const start = end + rest[0].length;
  const close = text.slice(start, start + LONGEST).indexOf('<');
  if (close < 1 || text.charCodeAt(start + close + 1) !== 47) return undefined;
  const value = text.slice(start, start + close).trimEnd();
  return value === '' ? undefined : { start, end: start + value.length, quoted: true };
}

/** The value assigned to the name from `name` to `end` in any way that is known: by an operator, a type, an element of XML. */
export function namedValue(
  text: string,
  name: number,
  end: number,
  longest = LONGEST,
): (Hit & { readonly quoted: boolean }) | undefined {
  const typed = TYPED.exec(text.slice(end, end + 20));
  if (typed !== null) return valueAt(text, end + typed[0].length, longest);
  return assignedValue(text, end, longest) ?? elementText(text, name, end);
}

/** The quoted value after a quoted name and a comma: `setProperty("api_token", "…")`. */
export function listedValue(text: string, end: number): Hit | undefined {
  const quote = text.charCodeAt(end);
  if (quote !== 34 && quote !== 39) return undefined;
  const comma = /^["'],\s{0,2}(?=["'])/.exec(text.slice(end, end + 5));
  return comma === null ? undefined : valueAt(text, end + comma[0].length);
}

/** The value assigned to the name that ends at `end`; a bare one is read no further than `longest`. */
export function assignedValue(
  text: string,
  end: number,
  longest = LONGEST,
): (Hit & { readonly quoted: boolean }) | undefined {
  const operator = afterOperator(text, afterBlanks(text, afterQuotes(text, end))) || afterPaired(text, end);
  return operator === 0 ? undefined : valueAt(text, afterBlanks(text, operator), longest);
}

/** The quoted value right behind the name, as in SQL: `PASSWORD 'x'`, `IDENTIFIED BY "x"`. */
export function quotedValue(text: string, end: number): Hit | undefined {
  const from = afterBlanks(text, end);
  if (from === end) return undefined;
  const value = valueAt(text, /^E'/i.test(text.slice(from, from + 2)) ? from + 1 : from);
  return value?.quoted === true ? value : undefined;
}

/** The value behind a command-line flag that starts at `name`: `--password x`. */
export function flagValue(text: string, name: number, end: number): Hit | undefined {
  if (text.charCodeAt(name - 1) !== 45 || text.charCodeAt(end) !== 32) return undefined;
  const next = text.charCodeAt(end + 1);
  return next === 45 || next === 32 ? undefined : valueAt(text, end + 1);
}
