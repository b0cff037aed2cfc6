// Takes a terminal's control sequences out of its text and remembers where they stood. Bytes are Latin-1 characters here; none is lost.

/** Something that takes no place in the text: an escape sequence, a control, a soft line wrap. */
export interface Hidden {
  /** Offset in the stripped text before which it stood. */
  readonly at: number;
  readonly bytes: string;
}

export interface Stripped {
  readonly text: string;
  readonly hidden: readonly Hidden[];
  /** An escape sequence the bytes end within: to be put before the next ones. */
  readonly carry: string;
}

/** Longest sequence waited for; beyond it the introducer passes and the rest counts as text, so that it is still searched. */
const LONGEST = 4096;

/**
 * ECMA-48: CSI, the string sequences (OSC, DCS, SOS, PM, APC; another ESC aborts them, as xterm does), other escapes;
 * then C0 controls that draw nothing. Tab, line feed and carriage return are text.
 */
const SEQUENCE =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\|(?=\x1b)|[\x18\x1a])|[ -/]*[0-~])|\x1b|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/g;
const COMPLETE =
  /^\x1b(?:\[[0-?]*[ -/]*[^0-?]|[\]PX^_][^\x07\x1b\x18\x1a]*[\x07\x1b\x18\x1a]|[ -/]*[^ -/[\]PX^_\x1b]|\x1b)/;
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Start of an escape sequence the bytes end within; their length when there is none. */
function incompleteAt(bytes: string): number {
  const last = bytes.lastIndexOf('\x1b');
  if (last < 0 || bytes.length - last > LONGEST) return bytes.length;
  // `ESC \` closes the string sequence before it.
  const start = last + 1 === bytes.length ? openString(bytes, last) : last;
  return COMPLETE.test(bytes.slice(start, start + LONGEST)) && start === last ? bytes.length : start;
}

/** A final ESC may be the first half of a string sequence's end. */
function openString(bytes: string, last: number): number {
  const before = bytes.lastIndexOf('\x1b', last - 1);
  const opens =
    before >= 0 &&
    last - before < LONGEST &&
    /^\x1b[\]PX^_][^\x07\x18\x1a]*$/.test(bytes.slice(before, last));
  return opens ? before : last;
}

export function strip(bytes: string): Stripped {
  if (!CONTROL.test(bytes)) return { text: bytes, hidden: [], carry: '' };
  const end = incompleteAt(bytes);
  const whole = end === bytes.length ? bytes : bytes.slice(0, end);
  const hidden: Hidden[] = [];
  const pieces: string[] = [];
  let length = 0;
  let from = 0;
  SEQUENCE.lastIndex = 0;
  for (let found = SEQUENCE.exec(whole); found !== null; found = SEQUENCE.exec(whole)) {
    if (found.index > from) pieces.push(whole.slice(from, found.index));
    length += found.index - from;
    hidden.push({ at: length, bytes: found[0] });
    from = found.index + found[0].length;
  }
  pieces.push(whole.slice(from));
  return { text: pieces.join(''), hidden, carry: bytes.slice(end) };
}

/** A string sequence (title, clipboard, device control) carries text of its own: introducer, payload, end. */
export function payloadOf(sequence: string): { readonly start: number; readonly end: number } | undefined {
  if (!/^\x1b[\]PX^_]/.test(sequence)) return undefined;
  const end = sequence.search(/(?:\x07|\x1b\\|[\x18\x1a])$/);
  return { start: 2, end: end < 0 ? sequence.length : end };
}

/** Visible characters of UTF-8 bytes read as Latin-1: all but continuation bytes. */
function widthOf(text: string, from: number, to: number): number {
  let width = 0;
  for (let i = from; i < to; i += 1) if ((text.charCodeAt(i) & 0xc0) !== 0x80) width += 1;
  return width;
}

/**
 * Takes out line ends that only wrap: `CR LF` or, as line editors write it, `SP CR`, right where a line of `columns`
 * is full. Best effort: wide characters and cursor movement are not followed.
 */
export function unwrap(stripped: Stripped, columns: number): Stripped {
  const { text } = stripped;
  const cuts: { readonly at: number; readonly length: number }[] = [];
  let line = 0;
  for (let end = text.indexOf('\r'); end >= 0; end = text.indexOf('\r', end + 1)) {
    const feed = text.charCodeAt(end + 1) === 10;
    const length = feed ? 2 : 1;
    const at = feed || text.charCodeAt(end - 1) !== 32 ? end : end - 1;
    const width = at - line >= columns ? widthOf(text, line, at) : 0;
    if (width === columns && (feed || at < end) && !splits(stripped.hidden, at, end + length))
      cuts.push({ at, length: end + length - at });
    line = end + length;
  }
  return cuts.length === 0 ? stripped : without(stripped, cuts);
}

/** A sequence between the characters of a line end keeps it as it is: nothing may change places. */
function splits(hidden: readonly Hidden[], from: number, to: number): boolean {
  return hidden.some(({ at }) => at > from && at < to);
}

function without(
  stripped: Stripped,
  cuts: readonly { readonly at: number; readonly length: number }[],
): Stripped {
  const pieces: string[] = [];
  const hidden: Hidden[] = [];
  let from = 0;
  let removed = 0;
  let next = 0;
  for (const cut of [...cuts, { at: stripped.text.length, length: 0 }]) {
    for (
      let entry = stripped.hidden[next];
      entry !== undefined && entry.at <= cut.at;
      entry = stripped.hidden[next]
    ) {
      hidden.push({ at: Math.max(entry.at, from) - removed, bytes: entry.bytes });
      next += 1;
    }
    pieces.push(stripped.text.slice(from, cut.at));
    if (cut.length > 0)
      hidden.push({ at: cut.at - removed, bytes: stripped.text.slice(cut.at, cut.at + cut.length) });
    from = cut.at + cut.length;
    removed += cut.length;
  }
  return { text: pieces.join(''), hidden, carry: stripped.carry };
}
