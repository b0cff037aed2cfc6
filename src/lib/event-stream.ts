// Server-sent events as bytes arrive (WHATWG HTML, section 9.2.6). Reads only; must never hold more than its limit.
import { StringDecoder } from 'node:string_decoder';

export interface ServerEvent {
  /** `message` unless the stream named another. */
  readonly type: string;
  readonly data: string;
}

const MAX_EVENT = 16 << 20;

export class EventStream {
  readonly #decoder = new StringDecoder('utf8');
  readonly #limit: number;
  #rest = '';
  #type = '';
  #data: string[] = [];
  #size = 0;
  #first = true;

  constructor(limit = MAX_EVENT) {
    this.#limit = limit;
  }

  /** Events that these bytes complete. Throws RangeError when one is longer than the limit. */
  push(chunk: Uint8Array): ServerEvent[] {
    let text =
      this.#rest + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (this.#first && text.length > 0) {
      this.#first = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    const events: ServerEvent[] = [];
    let from = 0;
    for (;;) {
      const at = endOfLine(text, from);
      if (at === undefined) break;
      this.#line(text.slice(from, at.end), events);
      from = at.next;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length + this.#size > this.#limit) throw new RangeError('an event is too long');
    return events;
  }

  #line(line: string, events: ServerEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push({ type: this.#type || 'message', data: this.#data.join('\n') });
      this.#type = '';
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const after = colon < 0 ? '' : line.slice(colon + 1);
    const value = after.startsWith(' ') ? after.slice(1) : after;
    if (field === 'event') this.#type = value;
    if (field !== 'data') return;
    this.#data.push(value);
    this.#size += value.length;
  }
}

/** CR, LF and CRLF all end a line; a CR at the very end may be half of a CRLF. */
function endOfLine(text: string, from: number): { end: number; next: number } | undefined {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10) return { end: at, next: at + 1 };
    if (code !== 13) continue;
    if (at + 1 === text.length) return undefined;
    return { end: at, next: text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1 };
  }
  return undefined;
}
