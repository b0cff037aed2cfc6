// PostgreSQL's message types and how those we write ourselves are put together. Never writes a client's statement.
import { isUtf8 } from 'node:buffer';
import { BrokerError } from '../../model/errors.ts';

/** Front-end message types (protocol 3). */
export const FROM_CLIENT = {
  bind: 0x42,
  close: 0x43,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  describe: 0x44,
  execute: 0x45,
  flush: 0x48,
  functionCall: 0x46,
  parse: 0x50,
  password: 0x70,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
} as const;

/** Back-end message types (protocol 3). */
export const FROM_SERVER = {
  authentication: 0x52,
  backendKey: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyBoth: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  copyIn: 0x47,
  copyOut: 0x48,
  dataRow: 0x44,
  emptyQuery: 0x49,
  error: 0x45,
  functionResult: 0x56,
  negotiate: 0x76,
  noData: 0x6e,
  notice: 0x4e,
  notification: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  portalSuspended: 0x73,
  ready: 0x5a,
  rowDescription: 0x54,
} as const;

/** Writes one message: type, length, body. `type` 0 leaves the type byte out (start-up packets). */
export function message(type: number, ...parts: readonly (Uint8Array | string | number)[]): Buffer {
  const bodies = parts.map((part) => {
    if (typeof part === 'number') return int32(part);
    return typeof part === 'string' ? Buffer.from(`${part}\0`, 'utf8') : part;
  });
  const size = bodies.reduce((sum, body) => sum + body.length, 4);
  const head = Buffer.allocUnsafe(type === 0 ? 4 : 5);
  if (type !== 0) head[0] = type;
  head.writeInt32BE(size, head.length - 4);
  return Buffer.concat([head, ...bodies]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0, 0);
  return bytes;
}

/** ErrorResponse or NoticeResponse: one-letter codes with their values, in the map's order. */
export function fieldsMessage(type: number, fields: ReadonlyMap<string, string>): Buffer {
  const text = [...fields].map(([code, value]) => `${code}${value.replaceAll('\0', '')}\0`).join('');
  return message(type, Buffer.from(`${text}\0`, 'utf8'));
}

export function violation(side: 'client' | 'server', reason: string): BrokerError {
  return new BrokerError('protocol-violation', { side, reason });
}

/** Reads one message's body. Every read is bounded by the message; running past it is the peer's fault. */
export class Reader {
  readonly buffer: Buffer;
  readonly end: number;
  readonly #side: 'client' | 'server';
  pos: number;

  constructor(side: 'client' | 'server', buffer: Buffer, start: number, end: number) {
    this.#side = side;
    this.buffer = buffer;
    this.pos = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.pos;
  }

  fail(reason: string): BrokerError {
    return violation(this.#side, reason);
  }

  byte(): number {
    return this.buffer[this.#take(1)] as number;
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#take(2));
  }

  /** A count: negative ones are refused. */
  count(): number {
    const count = this.int16();
    if (count < 0) throw this.fail('a count is negative');
    return count;
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#take(4));
  }

  /** Skips `size` bytes and returns where they began. */
  skip(size: number): number {
    return this.#take(size);
  }

  /** Position of the zero byte that ends the text beginning here; reading goes on behind it. */
  text(): { start: number; end: number } {
    const start = this.pos;
    const end = this.buffer.indexOf(0, start);
    if (end < 0 || end >= this.end) throw this.fail('a text does not end inside its message');
    this.pos = end + 1;
    return { start, end };
  }

  string(): string {
    const start = this.pos;
    if (start < this.end && this.buffer[start] === 0) {
      this.pos = start + 1;
      return '';
    }
    const { end } = this.text();
    const text = this.buffer.toString('utf8', start, end);
    // Bytes that are not UTF-8 would all look alike: a client could mean one name and the server see another.
    if (this.#side === 'client' && text.includes('\ufffd') && !isUtf8(this.buffer.subarray(start, end)))
      throw this.fail('a text that is not UTF-8');
    return text;
  }

  /** The message must end here. */
  done(): void {
    if (this.pos !== this.end) throw this.fail('a message is longer than what is in it');
  }

  #take(size: number): number {
    const at = this.pos;
    if (size < 0 || size > this.end - at) throw this.fail('a message is shorter than what it should hold');
    this.pos = at + size;
    return at;
  }
}

/** Fields of an ErrorResponse or NoticeResponse, in order; a code seen twice keeps its last value. */
export function readFields(buffer: Buffer, start: number, end: number): Map<string, string> {
  const reader = new Reader('server', buffer, start, end);
  const fields = new Map<string, string>();
  for (;;) {
    const code = reader.byte();
    if (code === 0) break;
    fields.set(String.fromCharCode(code), reader.string());
  }
  reader.done();
  return fields;
}

export function sameFields(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [code, value] of a) if (b.get(code) !== value) return false;
  return true;
}
