// A file that only grows: cheap appends, one write per flush, grouped fsync. Must never be used again after a failed write.
import { closeSync, constants, fdatasync, openSync, writeSync } from 'node:fs';

/** Pending text beyond this is handed to the kernel without waiting for a flush. */
const FULL = 256 * 1024;
/** Size of the buffer that text is encoded into, and the largest that is kept for the next flush. */
const FIRST = 16 * 1024;
const KEEP = 128 * 1024;

export class AppendFile {
  readonly path: string;
  #fd: number;
  #pending = '';
  #bytes = Buffer.alloc(0);
  #failure: Error | undefined;
  #written = 0;
  #syncing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Creates the file, 0600; throws EEXIST when anything has that name. */
  constructor(path: string) {
    this.path = path;
    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
    this.#fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
  }

  /** Bytes the kernel has. */
  get size(): number {
    return this.#written;
  }

  append(text: string): void {
    if (this.#failure) throw this.#failure;
    this.#pending += text;
    if (this.#pending.length >= FULL) this.flush();
  }

  /** What was appended survives the death of this process once this returns. */
  flush(): void {
    if (this.#failure) throw this.#failure;
    if (this.#pending === '') return;
    const size = this.#encode();
    this.#pending = '';
    try {
      let at = 0;
      while (at < size) at += writeSync(this.#fd, this.#bytes, at, size - at);
      this.#written += at;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  /** Puts what is pending into the buffer, as UTF-8; returns its size. */
  #encode(): number {
    // No character of a string takes more than three bytes.
    const most = this.#pending.length * 3;
    if (most > this.#bytes.length || this.#bytes.length > KEEP)
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(most, FIRST));
    return this.#bytes.write(this.#pending, 0, 'utf8');
  }

  /** Everything flushed before the call is on the disk when this resolves; calls made meanwhile share the next fsync. */
  sync(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (!this.#syncing) {
      this.#syncing = this.#fsync();
      return this.#syncing;
    }
    this.#next ??= this.#syncing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#syncing = this.#fsync();
        return this.#syncing;
      });
    return this.#next;
  }

  #fsync(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        this.#syncing = undefined;
        if (!error) return resolve();
        // After a failed fsync the kernel may have dropped the pages: nothing later can be trusted.
        this.#failure ??= error;
        reject(error);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#fd < 0) return;
    try {
      if (!this.#failure) {
        this.flush();
        await this.sync();
      }
    } finally {
      const fd = this.#fd;
      this.#fd = -1;
      this.#failure ??= new Error('closed');
      closeSync(fd);
    }
  }
}
