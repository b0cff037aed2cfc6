// Keeps blobs that were read a moment ago, so that verifying and handing over read each once. Must never answer for what the store did not give.
import type { EvidenceReader } from '../../flow/verify/index.ts';

/** Bytes that are kept, and the longest blob that is. */
const KEPT = 4 * 2 ** 20;
const LONGEST = 256 * 1024;

/** Blobs only: whoever uses one holds it to its digest, wherever it comes from. */
const BLOBS = 'v1/blob/';

export function rememberingRecent(store: EvidenceReader): EvidenceReader {
  const recent = new Map<string, Uint8Array>();
  let size = 0;
  const keep = (key: string, bytes: Uint8Array) => {
    if (!key.startsWith(BLOBS) || bytes.byteLength > LONGEST || recent.has(key)) return;
    recent.set(key, bytes);
    size += bytes.byteLength;
    for (const [oldest, { byteLength }] of recent) {
      if (size <= KEPT) return;
      recent.delete(oldest);
      size -= byteLength;
    }
  };
  return {
    url: store.url,
    async get(key, limit = Number.POSITIVE_INFINITY) {
      const held = recent.get(key);
      if (held && held.byteLength <= limit) return held;
      const bytes = await store.get(key, limit);
      if (bytes) keep(key, bytes);
      return bytes;
    },
    list: (prefix, after) => store.list(prefix, after),
    ...(store.hidden ? { hidden: store.hidden.bind(store) } : {}),
  };
}
