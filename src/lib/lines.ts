// Reads a text file line by line in bounded memory. Must never pass off a torn last line as a whole one.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export interface LineEnd {
  /** Bytes after the last line feed: a line that was being written when its process died. */
  torn: number;
  /** All bytes that were read, the torn ones among them. */
  read?: number;
}

/** Which bytes of a file are meant; all of it unless told. */
export interface ByteSpan {
  readonly from?: number;
  readonly to?: number;
}

const CHUNK = 1 << 20;
const NEWLINE = 10;

/** Never follows a link, never waits for the other end of a pipe. */
async function openPlain(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${path} is not a plain file`);
}

/**
 * Yields batches of whole lines without their line feeds. `end.torn` is set once it is through. A line longer than
 * `limit` bytes ends the reading with a RangeError. Bytes that are not UTF-8 become U+FFFD.
 */
export async function* readLines(
  path: string,
  end: LineEnd,
  limit = 64 << 20,
  { from = 0, to = Number.POSITIVE_INFINITY }: ByteSpan = {},
): AsyncGenerator<string[]> {
  const handle = await openPlain(path);
  try {
    let rest = Buffer.alloc(0);
    let at = from;
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK, to - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const last = chunk.lastIndexOf(NEWLINE, bytesRead - 1);
      if (last < 0 || last >= bytesRead) {
        rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
        if (rest.length > limit) throw new RangeError(`a line is longer than ${limit} bytes`);
        continue;
      }
      // Decoded in one piece: a character may straddle the two.
      const whole = Buffer.concat([rest, chunk.subarray(0, last)]);
      rest = Buffer.from(chunk.subarray(last + 1, bytesRead));
      yield whole.toString('utf8').split('\n');
    }
    end.torn = rest.length;
    end.read = at - from;
  } finally {
    await handle.close();
  }
}

/** Length of the file up to and including its last line feed. */
export async function wholeLength(path: string): Promise<{ readonly whole: number; readonly torn: number }> {
  const handle = await openPlain(path);
  try {
    const { size } = await handle.stat();
    const chunk = Buffer.allocUnsafe(64 * 1024);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - chunk.length);
      const { bytesRead } = await handle.read(chunk, 0, end - start, start);
      const last = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (last >= 0) return { whole: start + last + 1, torn: size - (start + last + 1) };
      end = start;
    }
    return { whole: 0, torn: size };
  } finally {
    await handle.close();
  }
}
