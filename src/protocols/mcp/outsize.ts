// Finds the top-level `id` in a line too long to keep, as it goes by. Must never grow with the line.

const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/** Bytes of a key or an id that are looked at. */
const LONGEST = 256;

const BLANK = /^[\t\r ]*$/;

/** Follows strings and nesting only: a line that is not JSON yields nothing, or an id nobody waits for. */
export class OutsizeReader {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Text of the top-level token being read, bounded. */
  #token = '';
  #key: string | undefined;
  #broken = false;
  #ids: string[] = [];
  /** It has a top-level `method`: a request or a notification. */
  method = false;

  /** As spelled, for `JSON.parse`; undefined when there is none or more than one. */
  get id(): string | undefined {
    return this.#broken || this.#ids.length !== 1 ? undefined : this.#ids[0];
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  #byte(byte: number): void {
    if (this.#inString) {
      this.#keep(byte);
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return;
    }
    if (byte === QUOTE) {
      this.#inString = true;
      this.#keep(byte);
    } else if (byte === 0x7b || byte === 0x5b) {
      this.#depth += 1;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (this.#depth === 1) this.#value();
      this.#depth -= 1;
    } else if (this.#depth === 1 && byte === COLON) {
      this.#key = this.#token.trim();
      this.#token = '';
    } else if (this.#depth === 1 && byte === 0x2c) this.#value();
    else this.#keep(byte);
  }

  #keep(byte: number): void {
    if (this.#depth === 1 && this.#token.length < LONGEST) this.#token += String.fromCharCode(byte);
  }

  #value(): void {
    const [key, token] = [this.#key, this.#token];
    this.#key = undefined;
    this.#token = '';
    if (key === '"method"') this.method = true;
    if (key === '"id"' && !BLANK.test(token) && token.length < LONGEST) this.#ids.push(token.trim());
    // An escape may spell any key: then nothing is sure.
    else if (key?.includes('\\')) this.#broken = true;
  }
}
