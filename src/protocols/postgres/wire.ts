// One socket with one fixed read buffer. Must never let a read change bytes that are still being written elsewhere.
import { connect, type NetConnectOpts, Socket, type SocketConnectOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface WireHandler {
  /** Bytes arrived; valid only during the call unless the wire is paused before it returns. */
  data(chunk: Buffer, start: number, end: number): void;
  /** Asked for by `watch`: nothing is being written any more. */
  drained(): void;
  /** The peer sent its last byte. */
  ended(): void;
  /** Gone; called once, last. */
  closed(error: Error | undefined): void;
}

const IDLE: WireHandler = { data() {}, drained() {}, ended() {}, closed() {} };

/** Bytes that may wait in a socket whose writes are copied (TLS) before its source must stop. */
const COPIED_LIMIT = 256 * 1024;

export class Wire {
  readonly #socket: Socket;
  readonly #copies: boolean;
  #handler: WireHandler = IDLE;
  #watched = false;
  #paused = false;
  #error: Error | undefined;
  #gone = false;
  #ended = false;
  readonly #written = () => {
    if (!this.#watched || this.busy) return;
    this.#watched = false;
    this.#handler.drained();
  };

  private constructor(socket: Socket, copies: boolean) {
    this.#socket = socket;
    this.#copies = copies;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#handler.ended();
    });
    socket.on('close', () => {
      this.#gone = true;
      this.#handler.closed(this.#error);
    });
  }

  /** Dials; reads go to a fixed buffer of `size` bytes. */
  static dial(to: SocketConnectOpts, size: number): { wire: Wire; socket: Socket } {
    let wire: Wire | undefined;
    const buffer = Buffer.allocUnsafeSlow(size);
    const options: NetConnectOpts = {
      ...to,
      allowHalfOpen: true,
      onread: { buffer, callback: (length: number) => wire?.arrived(buffer, length) ?? true },
    };
    const socket = connect(options);
    wire = new Wire(socket, false);
    return { wire, socket };
  }

  /**
   * Takes over an accepted socket. `onread` can only be given when a socket is made, so a new one is made over the same
   * handle; where the runtime does not show the handle, the socket is used as it is.
   */
  static adopt(accepted: Socket, size: number): Wire {
    const holder = accepted as unknown as { _handle: unknown };
    const handle = holder._handle;
    if (handle === null || typeof handle !== 'object') return Wire.over(accepted, false);
    holder._handle = null;
    accepted.destroy();
    let wire: Wire | undefined;
    const buffer = Buffer.allocUnsafeSlow(size);
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      pauseOnCreate: true,
      onread: { buffer, callback: (length: number) => wire?.arrived(buffer, length) ?? true },
    } as ConstructorParameters<typeof Socket>[0]);
    wire = new Wire(socket, false);
    wire.#paused = true;
    return wire;
  }

  /** Wraps a socket that brings its own buffers: TLS. */
  static over(socket: Socket | TLSSocket, copies: boolean): Wire {
    const wire = new Wire(socket, copies);
    socket.on('data', (chunk: Buffer) => wire.arrived(chunk, chunk.length));
    return wire;
  }

  set handler(handler: WireHandler) {
    this.#handler = handler;
    if (this.#gone) queueMicrotask(() => handler.closed(this.#error));
    else if (this.#ended) queueMicrotask(() => handler.ended());
  }

  /** What was read or written last is still needed by the kernel. */
  get busy(): boolean {
    return this.#copies ? this.#socket.writableLength > COPIED_LIMIT : this.#socket.writableLength > 0;
  }

  get gone(): boolean {
    return this.#gone || this.#socket.destroyed;
  }

  write(bytes: Buffer): void {
    if (bytes.length === 0 || !this.#socket.writable) return;
    this.#socket.write(this.#copies ? Buffer.from(bytes) : bytes, this.#written);
  }

  /** Calls `drained` once nothing is being written. */
  watch(): void {
    this.#watched = true;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Resolves when the socket is closed. */
  untilGone(): Promise<void> {
    if (this.#gone) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** Our last words were said: the peer has a moment to take them. */
  lingers(milliseconds = 2_000): void {
    this.resume();
    const timer = setTimeout(() => this.destroy(), milliseconds);
    timer.unref();
  }

  keepAlive(): void {
    this.#socket.setKeepAlive(true, 30_000);
  }

  end(bytes?: Buffer): void {
    if (bytes && this.#socket.writable) this.#socket.end(bytes);
    else this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** True goes on reading. */
  private arrived(buffer: Buffer, length: number): boolean {
    this.#handler.data(buffer, 0, length);
    return !this.#paused;
  }
}
