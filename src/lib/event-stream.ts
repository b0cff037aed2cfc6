// Server-sent events as bytes arrive (WHATWG HTML, section 9.2.6). Reads only; must never hold more than its limit.
import { StringDecoder } from 'node:string_decoder';

export interface ServerEvent {
  /** `message` unless the stream named another. */
  readonly type: string;
  readonly data: string;
}

const MAX_EVENT = 16 << 20;

const LINE_END = /\r\n|\n|\r/g;

export class EventStream {
  readonly #decoder = new StringDecoder('utf8');
  readonly #limit: number;
  /** Pieces of a line that has not ended. */
  #rest: string[] = [];
  #held = 0;
  #type = '';
  #data: string[] = [];
  #size = 0;
  #first = true;
  /** The last line ended with a CR: a LF that comes next belongs to it. */
  #halfEnd = false;
  #id = '';
  /** Of the last event that ended, as the server wants it back; empty when it gave none. */
  lastId = '';
  /** Milliseconds the server wants a client to wait before it comes back. */
  retry: number | undefined;

  constructor(limit = MAX_EVENT) {
    this.#limit = limit;
  }

  /** Events that these bytes complete. Throws RangeError when one is longer than the limit. */
  push(chunk: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    const text = this.#text(chunk);
    let from = 0;
    LINE_END.lastIndex = 0;
    for (let end = LINE_END.exec(text); end; end = LINE_END.exec(text)) {
      this.#rest.push(text.slice(from, end.index));
      const line = this.#rest.length === 1 ? (this.#rest[0] ?? '') : this.#rest.join('');
      this.#rest = [];
      this.#held = 0;
      this.#line(line, events);
      from = LINE_END.lastIndex;
      this.#halfEnd = end[0] === '\r' && from === text.length;
    }
    if (from < text.length) {
      this.#rest.push(text.slice(from));
      this.#held += text.length - from;
    }
    if (this.#held + this.#size > this.#limit) throw new RangeError('an event is too long');
    return events;
  }

  #text(chunk: Uint8Array): string {
    let text = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (text === '') return text;
    if (this.#first && text.startsWith('\uFEFF')) text = text.slice(1);
    this.#first = false;
    if (this.#halfEnd && text.startsWith('\n')) text = text.slice(1);
    this.#halfEnd = false;
    return text;
  }

  #line(line: string, events: ServerEvent[]): void {
    if (line === '') {
      this.lastId = this.#id;
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
    this.#field(field, after.startsWith(' ') ? after.slice(1) : after);
  }

  #field(field: string, value: string): void {
    if (field === 'event') this.#type = value;
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retry = Number(value);
    if (field !== 'data') return;
    this.#data.push(value);
    this.#size += value.length;
  }
}
