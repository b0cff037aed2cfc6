// Reads other writers' newest statements, so that ours can vouch for them. Must never delay or fail what it is for.
import { sha256 } from '../lib/digest.ts';
import { MAX_STATEMENT, parseStatementKey } from '../model/bundle.ts';
import type { Predicate } from '../model/evidence.ts';
import type { Store } from '../model/store.ts';

type Seen = Predicate['seen'];

const MOST_WRITERS = 16;
const MOST_KEYS = 20_000;

/** Heads of up to 16 other writers who wrote on this day, by what the store holds now. */
async function heads(store: Store, day: string, self: string): Promise<Seen> {
  const last = new Map<string, { key: string; seq: number }>();
  let keys = 0;
  for await (const { key } of store.list(`v1/stmt/day=${day}/`)) {
    const parts = parseStatementKey(key);
    if (parts && parts.writer !== self) last.set(parts.writer, { key, seq: parts.seq });
    if (++keys >= MOST_KEYS) break;
  }
  const newest = [...last.entries()].slice(-MOST_WRITERS);
  const seen = await Promise.all(
    newest.map(async ([writer, { key, seq }]) => {
      const bytes = await store.get(key, MAX_STATEMENT);
      return bytes ? [{ writer, seq, head: sha256(bytes) }] : [];
    }),
  );
  return seen.flat();
}

/** As heads, or nothing when the store does not answer within `limit` milliseconds. */
export async function witness(
  store: Promise<Store>,
  day: string,
  self: string,
  limit: number,
): Promise<Seen> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Seen>((resolve) => {
    timer = setTimeout(() => resolve([]), limit);
  });
  try {
    return await Promise.race([store.then((opened) => heads(opened, day, self)).catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}
