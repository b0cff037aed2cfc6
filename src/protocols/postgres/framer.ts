// Cuts a byte stream into PostgreSQL messages without copying whole ones. Does no I/O and never trusts a length.
import { BrokerError } from '../../model/errors.ts';

/** Type byte and length word. */
export const HEADER = 5;
const EMPTY = Buffer.alloc(0);
/** A carry buffer bigger than this is given back once its message is done. */
const KEEP = 64 * 1024;

export interface FrameSink {
  /**
   * A whole message: `buffer[start]` is its type byte, `end` is one past its last byte. Valid only during the call.
   * False stops the framer before this message; the next push starts with it again.
   */
  frame(type: number, buffer: Buffer, start: number, end: number): boolean;
  /**
   * Offered what follows a whole message and begins with the same type: takes as many whole messages of that type as it
   * cares to, and returns where it stopped. Trusts no length either.
   */
  alike?(type: number, buffer: Buffer, start: number, end: number): number;
  /** Asked once for a message not wholly here: may it go on in pieces? Throws when it is refused for its size. */
  streams(type: number, size: number): boolean;
  /** A part of a streamed message; the first one starts with the header. */
  piece(buffer: Buffer, start: number, end: number): void;
  /** The buffer of the last frame or piece is about to be used again: copy what is still wanted from it. */
  settle(): void;
}

export class Framer {
  readonly #side: 'client' | 'server';
  #carry: Buffer = EMPTY;
  #carried = 0;
  /** Size of the carried message once its header is known, otherwise 0. */
  #whole = 0;
  #streaming = 0;
  #stopped = false;

  constructor(side: 'client' | 'server') {
    this.#side = side;
  }

  /** True between messages: something of our own may be put in here. */
  get between(): boolean {
    return this.#streaming === 0;
  }

  /** The last push ended because the sink returned false. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Bytes kept for a message that is not whole yet. */
  get carried(): number {
    return this.#carried;
  }

  /** Returns how far it came: `end`, or where the message that the sink stopped at begins. */
  push(buffer: Buffer, start: number, end: number, sink: FrameSink): number {
    this.#stopped = false;
    let pos = start;
    if (this.#streaming > 0 || this.#carried > 0) {
      pos = this.#resume(buffer, start, end, sink);
      if (this.#stopped || this.#carried > 0) return pos;
    }
    while (end - pos >= HEADER) {
      const size = this.#size(buffer, pos);
      const next = pos + size;
      const type = buffer[pos] as number;
      if (next > end) {
        if (sink.streams(type, size)) {
          this.#streaming = next - end;
          sink.piece(buffer, pos, end);
          return end;
        }
        this.#whole = size;
        break;
      }
      if (!sink.frame(type, buffer, pos, next)) {
        this.#stopped = true;
        return pos;
      }
      pos = (buffer[next] === type && next < end && sink.alike?.(type, buffer, next, end)) || next;
    }
    if (pos < end) this.#keep(buffer, pos, end);
    return end;
  }

  #size(buffer: Buffer, at: number): number {
    const length =
      ((buffer[at + 1] as number) << 24) |
      ((buffer[at + 2] as number) << 16) |
      ((buffer[at + 3] as number) << 8) |
      (buffer[at + 4] as number);
    if (length < 4)
      throw new BrokerError('protocol-violation', {
        side: this.#side,
        reason: `a message says it is ${length} bytes long`,
      });
    return length + 1;
  }

  /** Goes on with what the last chunk left unfinished. */
  #resume(buffer: Buffer, start: number, end: number, sink: FrameSink): number {
    let pos = start;
    if (this.#streaming === 0) {
      pos = this.#complete(buffer, start, end, sink);
      if (this.#streaming === 0) return pos;
    }
    const take = Math.min(this.#streaming, end - pos);
    if (take === 0) return pos;
    this.#streaming -= take;
    sink.piece(buffer, pos, pos + take);
    return pos + take;
  }

  #complete(buffer: Buffer, start: number, end: number, sink: FrameSink): number {
    let pos = start;
    if (this.#whole === 0) {
      pos = this.#fill(buffer, pos, end, HEADER);
      if (this.#carried < HEADER) return pos;
      const size = this.#size(this.#carry, 0);
      if (size > HEADER && sink.streams(this.#carry[0] as number, size)) {
        this.#streaming = size - HEADER;
        this.#carried = 0;
        sink.piece(this.#carry, 0, HEADER);
        sink.settle();
        return pos;
      }
      this.#whole = size;
    }
    pos = this.#fill(buffer, pos, end, this.#whole);
    if (this.#carried < this.#whole) return pos;
    if (!sink.frame(this.#carry[0] as number, this.#carry, 0, this.#whole)) {
      this.#stopped = true;
      return pos;
    }
    sink.settle();
    this.#carried = 0;
    this.#whole = 0;
    if (this.#carry.length > KEEP) this.#carry = EMPTY;
    return pos;
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    this.#fill(buffer, start, end, end - start);
  }

  /** Copies until `upTo` bytes are carried. Grows by doubling, so that a lying length costs no memory. */
  #fill(buffer: Buffer, start: number, end: number, upTo: number): number {
    const take = Math.min(upTo - this.#carried, end - start);
    const needed = this.#carried + take;
    if (needed > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(this.#whole, this.#carry.length * 2), 512),
      );
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    buffer.copy(this.#carry, this.#carried, start, start + take);
    this.#carried = needed;
    return start + take;
  }
}
