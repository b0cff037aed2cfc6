// SHA-256 in the one spelling used everywhere: lower-case hex. Must never be asked for another algorithm.
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of bytes or of a text's UTF-8, lower-case hex. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/** SHA-256 as 32 bytes. */
export function sha256Bytes(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer');
}

export function isSha256(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/** SHA-256 of a file, read in pieces. */
export async function sha256File(path: string): Promise<{ readonly digest: string; readonly size: number }> {
  const sum = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sum.update(chunk as Buffer);
    size += (chunk as Buffer).byteLength;
  }
  return { digest: sum.digest('hex'), size };
}
