// Values inside compressed bytes: gzip and zlib are unpacked, within bounds, and looked at. What says that it is compressed and cannot be
// unpacked here counts as unread: it must never pass because of that.
import { constants, inflateSync, unzipSync } from 'node:zlib';

/** Most that is unpacked of one value, in bytes: a bomb ends here. */
const MOST = 8 * 1024 * 1024;

/** First bytes of formats that there is nothing here to unpack: zstandard, xz, bzip2, lz4. */
const OTHERS: readonly RegExp[] = [
  /^\x28\xb5\x2f\xfd/,
  /^\xfd7zXZ\0/,
  /^BZh[1-9]1AY&SY/,
  /^\x04\x22\x4d\x18/,
];
const GZIP = /^\x1f\x8b\x08[\x00-\x1f]/;
/** A window of up to 32 KiB and no dictionary; the two bytes are a multiple of 31. */
const ZLIB = /^x[\x01\x5e\x9c\xda]/;

/** Said of what is compressed and was not read. */
export const UNREAD = Symbol('unread');

const OPTIONS = { maxOutputLength: MOST, finishFlush: constants.Z_SYNC_FLUSH } as const;

/** What Latin-1 bytes hold when they are compressed: their text as Latin-1, or `UNREAD`; undefined when they are not. */
export function unpacked(bytes: string): string | typeof UNREAD | undefined {
  const head = bytes.slice(0, 16);
  if (OTHERS.some((magic) => magic.test(head))) return UNREAD;
  const isGzip = GZIP.test(head);
  if (!isGzip && !ZLIB.test(head)) return undefined;
  const packed = Buffer.from(bytes, 'latin1');
  try {
    return (isGzip ? unzipSync(packed, OPTIONS) : inflateSync(packed, OPTIONS)).toString('latin1');
  } catch (error) {
    const tooMuch = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    // Two bytes of zlib's head stand before other things too.
    return isGzip || tooMuch ? UNREAD : undefined;
  }
}
