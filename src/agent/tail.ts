// Follows the segments of a running session's journal. Only reads; what it yields is masked already.
import { closeSync, openSync, readdirSync, readSync, watch } from 'node:fs';
import { join } from 'node:path';
import { SEGMENT_NAME } from '../model/segment.ts';

const CHUNK = 64 * 1024;

/** One segment being followed: whole lines only, a half one waits for its rest. */
class Follower {
  readonly #descriptor: number;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
  }

  /** Lines that are there now. */
  *lines(): Generator<unknown, void, void> {
    for (;;) {
      const size = readSync(this.#descriptor, this.#buffer, 0, CHUNK, null);
      if (size === 0) return;
      let data = Buffer.concat([this.#rest, this.#buffer.subarray(0, size)]);
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        yield JSON.parse(data.toString('utf8', 0, end));
        data = data.subarray(end + 1);
      }
      this.#rest = data;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function* fresh(folder: string, followers: Map<string, Follower>): Generator<unknown, void, void> {
  for (const name of readdirSync(folder).sort()) {
    if (SEGMENT_NAME.test(name) && !followers.has(name))
      followers.set(name, new Follower(join(folder, name)));
  }
  for (const follower of followers.values()) {
    for (const line of follower.lines()) {
      const { origin } = line as { origin?: unknown };
      if (origin === undefined) yield line;
    }
  }
}

/** Yields events from the session's start on until it ends or nobody listens any more. */
export async function* tailSegments(
  folder: string,
  ended: Promise<unknown>,
  gone: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const followers = new Map<string, Follower>();
  let over = false;
  let wake = (): void => undefined;
  const finish = () => {
    over = true;
    wake();
  };
  ended.then(finish, finish);
  gone.addEventListener('abort', finish);
  const watcher = watch(folder, () => wake());
  watcher.on('error', finish);
  try {
    while (!over) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield* fresh(folder, followers);
      if (!over) await changed;
    }
    if (!gone.aborted) yield* fresh(folder, followers);
  } catch (error) {
    // The folder goes when the session is sealed: that is the end of the tail.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  } finally {
    watcher.close();
    gone.removeEventListener('abort', finish);
    for (const follower of followers.values()) follower.close();
  }
}
