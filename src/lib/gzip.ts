// gzip that gives the same bytes for the same input, and gunzip that stops at a bound. Must never inflate without a limit.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, createGzip, gunzip as gunzipWhole } from 'node:zlib';

export interface Packed {
  /** SHA-256 hex of the compressed bytes. */
  readonly digest: string;
  readonly size: number;
}

/** RFC 1952: no file name, no time, and operating system "unknown", which zlib would otherwise take from its platform. */
const OS_BYTE = 9;
const OS_UNKNOWN = 255;

/** Compresses pieces into an open file, and syncs it. */
export async function gzipInto(
  handle: FileHandle,
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<Packed> {
  const sum = createHash('sha256');
  let size = 0;
  const sink = new Writable({
    highWaterMark: 1 << 20,
    async write(chunk: Buffer, _encoding, done) {
      try {
        if (size === 0) chunk[OS_BYTE] = OS_UNKNOWN;
        sum.update(chunk);
        await handle.writeFile(chunk);
        size += chunk.length;
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  const gzip = createGzip({ level: 6, memLevel: 9, chunkSize: 256 * 1024 });
  await pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 2 }), gzip, sink);
  await handle.sync();
  return { digest: sum.digest('hex'), size };
}

/** What was packed inflates to more than it may. */
export class InflateLimit extends Error {}

const inflateWhole = promisify(gunzipWhole);

/** Inflates what is small in one call; undefined when that would be more than `limit` bytes, or when it is damaged. */
export async function gunzipSmall(bytes: Uint8Array, limit: number): Promise<Buffer | undefined> {
  try {
    return await inflateWhole(bytes, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}

/** Inflates a stream, throwing InflateLimit beyond `limit` bytes. */
export async function* gunzip(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Buffer> {
  const inflate = createGunzip({ chunkSize: 256 * 1024 });
  const feeding = pipeline(Readable.from(source), inflate).catch(() => undefined);
  let size = 0;
  for await (const chunk of inflate) {
    size += (chunk as Buffer).length;
    if (size > limit) {
      inflate.destroy();
      throw new InflateLimit(`inflates to more than ${limit} bytes`);
    }
    yield chunk as Buffer;
  }
  await feeding;
}

export function fileChunks(path: string, end?: number): AsyncIterable<Uint8Array> {
  // `end` of createReadStream is inclusive.
  return createReadStream(path, { highWaterMark: 1 << 20, ...(end === undefined ? {} : { end: end - 1 }) });
}
