// Finds the statement files of a span of days. Must never read a day that was not asked for.
import { isSha256 } from '../../lib/digest.ts';
import { parseStatementKey } from '../../model/bundle.ts';
import type { Store, StoreEntry } from '../../model/store.ts';

/** All that verification needs of a store, or of an exported folder opened as one. */
export type EvidenceReader = Pick<Store, 'url' | 'get' | 'list' | 'hidden'>;

export interface Span {
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
}

export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** Entries under v1/stmt/ in key order, from the day of `since` to the day of `until`. */
export async function* statementEntries(reader: EvidenceReader, span: Span): AsyncGenerator<StoreEntry> {
  const after = span.since === undefined ? undefined : `v1/stmt/day=${dayOf(span.since)}`;
  const last = span.until === undefined ? undefined : dayOf(span.until);
  for await (const entry of reader.list('v1/stmt/', after)) {
    const day = parseStatementKey(entry.key)?.day;
    if (last !== undefined && day !== undefined && day > last) return;
    yield entry;
  }
}

const MAX_INDEX = 256 * 2 ** 20;

/** What an exported folder's index says it left out. */
export async function withheldOf(
  reader: EvidenceReader,
): Promise<{ readonly withheld: ReadonlySet<string> }> {
  const bytes = await reader.get('index.json', MAX_INDEX);
  try {
    const { withheld } = JSON.parse(Buffer.from(bytes ?? []).toString()) as { withheld?: unknown };
    return { withheld: new Set(Array.isArray(withheld) ? withheld.filter(isSha256) : []) };
  } catch {
    // No index, or one nobody can read: then nothing may be missing.
    return { withheld: new Set() };
  }
}
