// The ways characters are written that are seen through, and what each stands for: printable ASCII, or nothing. Data and pure functions.

/** One way of writing. Those that would spoil each other's text are apart. */
export interface Writing {
  /** Whether there may be something to decode: cheap, as every text is asked. */
  readonly signs: (text: string) => boolean;
  readonly pattern: RegExp;
}

/** HTML's names of characters that stand in values. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  colon: ':',
  comma: ',',
  commat: '@',
  dash: '-',
  equals: '=',
  gt: '>',
  hyphen: '-',
  lowbar: '_',
  lt: '<',
  nbsp: ' ',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quot: '"',
  sol: '/',
};

/** Digit zero of the scripts whose digits are written in a row of ten (Unicode, general category Nd), and of mathematical letters. */
const ZEROS = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
  0x1040, 0x17e0, 0x1810, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
];

/** White space and signs that are read as ordinary ones. */
const SIGNS_FOR: Readonly<Record<string, string>> = {
  '\u2000': ' ',
  '\u2001': ' ',
  '\u2002': ' ',
  '\u2003': ' ',
  '\u2004': ' ',
  '\u2005': ' ',
  '\u2006': ' ',
  '\u2008': ' ',
  '\u200a': ' ',
  '\u205f': ' ',
  '\u3000': ' ',
  '\u2212': '-',
  '\u2014': '-',
  '\u2015': '-',
  '\ufe63': '-',
};

/** What stands for nothing: soft hyphen, zero-width space, joiners and marks, word joiner, byte order mark. */
const NOTHING = ['\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u2060', '\ufeff'];

const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Each character beyond ASCII that stands for another, as UTF-16 and as UTF-8 bytes read as Latin-1. */
const WIDE_MEANINGS: ReadonlyMap<string, string> = (() => {
  const meanings = new Map<string, string>();
  const add = (written: string, means: string): void => {
    meanings.set(written, means);
    meanings.set(asBytes(written), means);
  };
  for (const zero of ZEROS)
    for (let digit = 0; digit < 10; digit += 1) add(String.fromCodePoint(zero + digit), String(digit));
  // Full-width forms of ASCII.
  for (let code = 0x21; code < 0x7f; code += 1)
    add(String.fromCharCode(code + 0xfee0), String.fromCharCode(code));
  for (const [written, means] of Object.entries(SIGNS_FOR)) add(written, means);
  for (const written of NOTHING) add(written, '');
  meanings.set('\xad', '');
  meanings.set('\xc2\xad', '');
  return meanings;
})();

const hex = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** Alternatives by all but their last character, so that the pattern stays short. */
function widePattern(): string {
  const byHead = new Map<string, number[]>();
  for (const written of WIDE_MEANINGS.keys()) {
    if (written === '\xad') continue;
    const head = written.slice(0, -1);
    byHead.set(head, [...(byHead.get(head) ?? []), written.charCodeAt(written.length - 1)]);
  }
  const pieces = [...byHead].map(
    ([head, lasts]) =>
      `${[...Array(head.length).keys()].map((at) => hex(head.charCodeAt(at))).join('')}[${lasts.map(hex).join('')}]`,
  );
  // A soft hyphen is also the second half of a letter in UTF-8.
  return [...pieces, '(?<![\\x80-\\xff])\\xad'].join('|');
}

const ESCAPED = [
  '%[2-7][0-9A-Fa-f]',
  // `\u0041`, `\u{41}`, `\U00000041`, `\x41`, `\101`, behind as many backslashes as nesting has made of one.
  '\\\\{1,32}(?:u00[2-7][0-9A-Fa-f]|u\\{0{0,4}[2-7][0-9A-Fa-f]\\}|U000000[2-7][0-9A-Fa-f]|x[2-7][0-9A-Fa-f]|[01][0-7]{2})',
  '\\\\{1,32}/',
  '&#(?:[xX]0{0,6}[2-7][0-9A-Fa-f]|0{0,6}[1-9]\\d{1,2})(?:;|(?=[^0-9A-Fa-f])|$)',
  `&(?:${Object.keys(NAMED).join('|')});`,
].join('|');

const WIDE = /[^\x00-\x7f]/;

/** Lines of quoted-printable are cut near their longest, 76; shorter lines that end in `=` are base64 or source text. */
const SHORTEST_CUT = 60;

function breaksSoftly(text: string): boolean {
  const at = text.search(/=\r?\n/);
  return at >= 0 && at - text.lastIndexOf('\n', at) > SHORTEST_CUT;
}

export const WRITINGS: readonly Writing[] = [
  {
    signs: (text) =>
      text.includes('%') ||
      text.includes('\\') ||
      (text.includes('&') && /&[#a-z]/.test(text)) ||
      WIDE.test(text),
    pattern: new RegExp(`${ESCAPED}|${widePattern()}`, 'g'),
  },
  // Quoted-printable.
  {
    signs: (text) =>
      text.includes('=') && (/=3D|=40[A-Za-z]|(?:=[2-7][0-9A-F]){2}/.test(text) || breaksSoftly(text)),
    pattern: /=[2-7][0-9A-F]|(?<!=)=\r?\n/g,
  },
  // Spaces of a form.
  {
    signs: (text) => text.includes('+') && /\d\+\d/.test(text),
    pattern: /(?<=\d)\+(?=\d)/g,
  },
];

/** Number written in `%41`, `\u0041`, `\101`, `&#65;`, `=41`; NaN for anything else. */
function codeIn(written: string): number {
  const first = written[0];
  if (first === '%' || first === '=') return Number.parseInt(written.slice(1), 16);
  if (first === '\\') {
    const body = written.replace(/^\\+/, '');
    return /^\d/.test(body) ? Number.parseInt(body, 8) : Number.parseInt(body.replace(/[uUx{}]/g, ''), 16);
  }
  const entity = /^&#([xX]?)(\w+);?$/.exec(written);
  return entity ? Number.parseInt(entity[2] ?? '', entity[1] ? 16 : 10) : Number.NaN;
}

/** What an encoded piece stands for; empty for what takes no room. Undefined: not printable ASCII after all. */
export function meaningOf(written: string): string | undefined {
  const wide = WIDE_MEANINGS.get(written);
  if (wide !== undefined) return wide;
  if (written === '+') return ' ';
  if (written.endsWith('/')) return '/';
  if (written.startsWith('=') && written.endsWith('\n')) return '';
  const named = written.startsWith('&') ? NAMED[written.slice(1, -1)] : undefined;
  if (named !== undefined) return named;
  const ascii = codeIn(written);
  return ascii >= 0x20 && ascii < 0x7f ? String.fromCharCode(ascii) : undefined;
}
