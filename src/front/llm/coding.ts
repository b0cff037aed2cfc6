// Looks into compressed bodies beside their way. What cannot be decoded is not looked into; must never hold a body up.
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** Compressed and decoded, bytes: beyond it a body is not looked into. */
const MOST = 32 << 20;
const PARTIAL = { maxOutputLength: MOST, finishFlush: constants.Z_SYNC_FLUSH };

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gunzipSync(bytes, PARTIAL),
  'x-gzip': (bytes) => gunzipSync(bytes, PARTIAL),
  deflate: (bytes) => inflateSync(bytes, PARTIAL),
  br: (bytes) =>
    brotliDecompressSync(bytes, { maxOutputLength: MOST, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/** Of the codings a caller accepts, those that can be looked into; without any, none. */
export function readableCodings(accepted: string | undefined): string {
  const wanted = (accepted ?? '').split(',').map((each) => each.trim());
  const known = wanted.filter((each) => Object.hasOwn(DECODERS, each.split(';')[0]?.trim() ?? ''));
  return known.length > 0 ? known.join(', ') : 'identity';
}

export interface Decoder {
  push(chunk: Uint8Array): void;
  /** Everything that was pushed has been seen when it returns, as far as it can be read. */
  end(): void;
}

/** Shows the decoded bytes of a body with this `content-encoding`: as they come, or, of a compressed one, at its end. */
export function decoderOf(coding: string | undefined, see: (chunk: Uint8Array) => void): Decoder {
  if (coding === undefined || coding === 'identity') return { push: see, end: () => undefined };
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    push: (chunk) => {
      size += chunk.byteLength;
      if (decode && size <= MOST) chunks.push(Uint8Array.from(chunk));
    },
    end: () => {
      if (!decode || size > MOST) return;
      try {
        see(decode(Buffer.concat(chunks)));
      } catch {
        // Damaged or a bomb: the call goes on, and is recorded as one that was not understood.
      }
    },
  };
}
