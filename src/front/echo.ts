// Tells typed text that the terminal echoed from text it did not. Must never let through what was typed while echo was off.

// Node cannot ask the terminal for its ECHO flag, and readline turns it off while it echoes by itself. So what comes back
// decides: a printable character counts as echoed when the next visible output starts with it. Any doubt, and the rest of
// the line is dropped; only that keys were pressed is kept, not how many.

/** What stands for keys that were pressed unseen. */
export const UNSEEN = '\u2022';

/** An echo later than this, milliseconds, is no echo. */
const ECHO_WINDOW = 250;
const LINE_LIMIT = 4096;

/** CSI, OSC and the short escape sequences of ECMA-48, with which a line editor moves around while it echoes. */
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]/g;
const CONTROLS = /[\x00-\x1f\x7f]/g;

/** Without what moves the cursor or rings the bell. */
export function visibleText(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS, '');
}

export class EchoObserver {
  readonly #line: (text: string) => void;
  /** Echoed so far in this line. */
  #echoed = '';
  /** Typed, printable, not seen back yet. */
  #pending = '';
  #since = 0;
  /** Something in this line was not echoed: the rest of it is not looked at. */
  #blind = false;
  /** Something printable was typed since the last Enter. */
  #typing = false;
  /** Enter was pressed while text was still pending. */
  #enter = false;

  /** `line` gets each finished line of input: what was echoed, and UNSEEN where keys were pressed without echo. */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  /** A person is in the middle of a line. */
  get typing(): boolean {
    return this.#typing;
  }

  /** Whether `wrote` has anything to compare with. */
  get awaits(): boolean {
    return this.#pending !== '';
  }

  /** What a person typed, before it is sent on. */
  typed(text: string, now: number): void {
    this.expire(now);
    const plain = text.replace(ESCAPES, '\x00');
    for (const character of plain) this.#type(character, now);
  }

  /** What the program wrote. */
  wrote(text: string, now: number): void {
    this.expire(now);
    if (this.#pending === '') return;
    const seen = visibleText(text);
    if (seen === '') {
      // A line feed while text is pending: the program went on without echoing it.
      if (/[\r\n]/.test(text)) this.#unseen();
      return;
    }
    const length = Math.min(seen.length, this.#pending.length);
    if (/^[\r\n]/.test(text) || seen.slice(0, length) !== this.#pending.slice(0, length)) {
      this.#unseen();
      return;
    }
    this.#echoed += this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    this.#since = now;
    if (this.#pending === '' && this.#enter) this.#finish();
  }

  /** Gives up on echoes that are late; called before anything else and once at the end. */
  expire(now: number): void {
    if (this.#pending !== '' && now - this.#since > ECHO_WINDOW) this.#unseen();
  }

  /** Milliseconds from `now` until `expire` would give up; undefined when nothing is awaited. */
  wait(now: number): number | undefined {
    return this.#pending === '' ? undefined : Math.max(1, this.#since + ECHO_WINDOW + 1 - now);
  }

  close(): void {
    if (this.#pending !== '') this.#unseen();
    this.#finish();
  }

  #type(character: string, now: number): void {
    if (character === '\r' || character === '\n') {
      if (this.#pending === '') this.#finish();
      else this.#enter = true;
      return;
    }
    if (character < ' ' || character === '\x7f') return;
    this.#typing = true;
    if (this.#blind) return;
    if (this.#enter) {
      // Typed ahead of an echo that is still awaited: another line, which cannot be told apart safely.
      this.#unseen();
    }
    if (this.#pending === '') this.#since = now;
    this.#pending += character;
    if (this.#pending.length > LINE_LIMIT) this.#unseen();
  }

  #unseen(): void {
    if (!this.#blind) this.#echoed += UNSEEN;
    this.#blind = true;
    this.#pending = '';
    if (this.#enter) this.#finish();
  }

  #finish(): void {
    const text = this.#echoed;
    this.#echoed = '';
    this.#pending = '';
    this.#blind = false;
    this.#typing = false;
    this.#enter = false;
    if (text !== '') this.#line(text);
  }
}
