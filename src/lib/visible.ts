// Makes untrusted text safe to print on a terminal: everything that could move, hide, reorder or command is shown instead.

export interface VisibleOptions {
  /** Line feeds stay; a carriage return before one is dropped. Otherwise they are shown as `\n` and `\r`. */
  readonly multiline?: boolean;
  /** Tabs stay. Default: as `multiline`. */
  readonly tabs?: boolean;
  /** Most characters (code points) of the result; a longer one ends in `…`. */
  readonly limit?: number;
}

const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e' };

/**
 * C0 and C1 controls, DEL; soft hyphen; Arabic letter mark, zero-width and bidirectional controls, line separators,
 * invisible operators, Hangul and Mongolian fillers, variation selectors 17-256 and tags (Unicode TR36 and TR9);
 * lone surrogates, noncharacters and private use stay out too.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is sought on its own
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\p{Surrogate}|\p{Co}/gu;

/** Spaces other than the plain one would hide where an argument ends. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const named = NAMED[code];
  if (named !== undefined) return named;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

/** Combining marks beyond this many on one letter would run into other lines. */
const STACKED = /(\p{M}{4})\p{M}+/gu;

/** `text` as one line (or several, when asked for) that is safe on any terminal. Never throws. */
export function visible(text: string, options: VisibleOptions = {}): string {
  const { multiline = false, limit } = options;
  const tabs = options.tabs ?? multiline;
  // A long text is cut before the work, generously, so that a hostile megabyte costs what is shown of it.
  const whole = limit !== undefined && text.length > limit * 2 + 2 ? text.slice(0, limit * 2 + 2) : text;
  const lines = multiline ? whole.replace(/\r\n/g, '\n') : whole;
  const safe = lines
    .replace(UNSAFE, (character) => {
      if (character === '\n' && multiline) return character;
      if (character === '\t' && tabs) return character;
      return shown(character);
    })
    .replace(SPACES, (character) =>
      character === '\u00a0' || character === '\u3000' ? ' ' : shown(character),
    )
    .replace(STACKED, '$1');
  return limit === undefined ? safe : shorten(safe, limit);
}

/** At most `limit` characters, the last of them `…` when something was left out. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const characters = [...text];
  if (characters.length <= limit) return text;
  return limit < 1 ? '' : `${characters.slice(0, limit - 1).join('')}…`;
}

/** Characters JSON leaves as they are and a terminal would act on or reorder. */
const UNSAFE_JSON = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** JSON on one line that is the same value to every parser and safe on any terminal. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
