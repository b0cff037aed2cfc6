// Makes a recorded terminal stream safe to play: an allow-list of what draws, everything else dropped or shown. Streaming and bounded.
// Grammar: ECMA-48 and the DEC parser (vt100.net/emu/dec_ansi_parser); what passes is listed below and nothing else does.

/** Parameters longer than this make a sequence that is dropped. */
const LONGEST_PARAMETERS = 64;

/** Characters of a string sequence that are swallowed; then text is shown again, so that none can hide the rest. */
const LONGEST_STRING = 65_536;

/** Counts and positions beyond this are clamped: a terminal must not be kept busy by one sequence. */
const LARGEST_PARAMETER = 9999;

/**
 * Final bytes of CSI sequences that pass with numbers for parameters: insert, delete and erase; cursor; scroll and
 * scroll region; tabs. REP (`b`) is not among them: one sequence would write thousands of characters.
 */
const PASSING = new Set('@ABCDEFGHIJKLMPSTXZ`adefr');

/** Modes that may be set and reset: cursor keys, wrap, cursor shown, alternate screen. */
const MODES: ReadonlySet<number> = new Set([1, 7, 25, 1049]);

/** Single escapes that pass: save and restore cursor, index, next line, reverse index. */
const SINGLE = new Set('78DEM');

/** What ends a run of plain text: controls, and characters that reorder, hide or are half of one. */
const SPECIAL =
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** How each change is taken back; resetting the scroll region moves the cursor, so it is put back after that. */
const BACK: Readonly<Record<string, string>> = {
  m: '\x1b[0m',
  r: '\x1b7\x1b[r\x1b8',
  1: '\x1b[?1l',
  7: '\x1b[?7h',
  25: '\x1b[?25h',
  1049: '\x1b[?1049l',
};

type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string';

export class TerminalSanitiser {
  #state: State = 'ground';
  #parameters = '';
  #swallowed = 0;
  /** An ESC within a string may be the first half of its end. */
  #escaped = false;
  /** What was changed and has to be taken back: `m`, `r`, or a mode. */
  readonly #changed = new Set<string>();

  /** Safe text for what the program wrote. Sequences may be split between calls. */
  push(text: string): string {
    const out: string[] = [];
    for (let i = 0; i < text.length; ) {
      if (this.#state === 'ground') i = this.#ground(text, i, out);
      else {
        const code = text.charCodeAt(i);
        if (this.#step(code, out)) i += 1;
      }
    }
    return out.join('');
  }

  /** What puts the terminal back as it was; empty when nothing was changed. */
  end(): string {
    this.#state = 'ground';
    const back = [...this.#changed].map((change) => BACK[change] ?? '').join('');
    this.#changed.clear();
    return back;
  }

  #ground(text: string, from: number, out: string[]): number {
    SPECIAL.lastIndex = from;
    const found = SPECIAL.exec(text);
    if (found === null) {
      out.push(from === 0 ? text : text.slice(from));
      return text.length;
    }
    if (found.index > from) out.push(text.slice(from, found.index));
    this.#special(found[0], out);
    return found.index + found[0].length;
  }

  #special(character: string, out: string[]): void {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x1b) this.#enter('escape');
    else if (code === 0x9b) this.#enter('csi');
    else if (code === 0x90 || code === 0x98 || (code >= 0x9d && code <= 0x9f)) this.#enter('string');
    else if (code >= 8 && code <= 13 && code !== 11 && code !== 12) out.push(character);
    else if (code >= 0xd800 && code <= 0xdfff) out.push('\ufffd');
    // Zero-width joiners and the like would only vanish; what reorders is shown.
    else if (code > 0x9f) out.push(`\\u{${code.toString(16)}}`);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#parameters = '';
    this.#swallowed = 0;
    this.#escaped = false;
  }

  /** Takes one character within a sequence; false leaves it for the state that was entered. */
  #step(code: number, out: string[]): boolean {
    if (this.#state === 'string') return this.#inString(code);
    // CAN and SUB abort, ESC starts over, other controls are dropped without ending the sequence.
    if (code === 0x18 || code === 0x1a) this.#enter('ground');
    else if (code === 0x1b) this.#enter('escape');
    else if (code > 0x7e) {
      this.#enter('ground');
      return false;
    } else if (code >= 0x20) this.#inSequence(code, out);
    return true;
  }

  #inString(code: number): boolean {
    if (this.#escaped && code !== 0x5c) {
      // ESC and anything but `\`: the string is over and another sequence begins.
      this.#enter('escape');
      return false;
    }
    this.#swallowed += 1;
    if (this.#escaped || code === 7 || code === 0x18 || code === 0x1a || code === 0x9c) this.#enter('ground');
    else if (this.#swallowed > LONGEST_STRING) this.#enter('ground');
    else this.#escaped = code === 0x1b;
    return true;
  }

  #inSequence(code: number, out: string[]): void {
    const character = String.fromCharCode(code);
    if (this.#state === 'escape') this.#afterEscape(character, out);
    else if (this.#state === 'intermediate') {
      if (code >= 0x30) this.#enter('ground');
    } else if (code < 0x40) {
      if (this.#parameters.length <= LONGEST_PARAMETERS) this.#parameters += character;
    } else {
      out.push(this.#control(character, this.#parameters));
      this.#enter('ground');
    }
  }

  #afterEscape(character: string, out: string[]): void {
    if (character === '[') this.#enter('csi');
    else if (']PX^_'.includes(character)) this.#enter('string');
    else if (character < '0') this.#enter('intermediate');
    else {
      if (SINGLE.has(character)) out.push(`\x1b${character}`);
      this.#enter('ground');
    }
  }

  /** A whole CSI sequence, re-made from its checked parts, or nothing. */
  #control(final: string, parameters: string): string {
    if (parameters.length > LONGEST_PARAMETERS) return '';
    if (final === 'm') return this.#rendition(parameters);
    if (final === 'h' || final === 'l') return this.#mode(final, parameters);
    if (!PASSING.has(final) || !/^\d{0,9}(?:;\d{0,9})?$/.test(parameters)) return '';
    // Erasing what scrolled off would take the auditor's own lines away.
    if (final === 'J' && Number(parameters) > 2) return '';
    if (final === 'r') this.#changed.add(final);
    const clamped = parameters.replace(/\d+/g, (digits) =>
      String(Math.min(Number(digits), LARGEST_PARAMETER)),
    );
    return `\x1b[${clamped}${final}`;
  }

  #rendition(parameters: string): string {
    if (!/^[\d;:]*$/.test(parameters)) return '';
    if (parameters === '' || parameters === '0') this.#changed.delete('m');
    else this.#changed.add('m');
    return `\x1b[${parameters}m`;
  }

  #mode(final: 'h' | 'l', parameters: string): string {
    if (!/^\?[\d;]+$/.test(parameters)) return '';
    const modes = parameters
      .slice(1)
      .split(';')
      .map(Number)
      .filter((mode) => MODES.has(mode));
    for (const mode of modes) {
      const usual = mode === 7 || mode === 25 ? 'h' : 'l';
      if (final === usual) this.#changed.delete(String(mode));
      else this.#changed.add(String(mode));
    }
    return modes.map((mode) => `\x1b[?${mode}${final}`).join('');
  }
}
