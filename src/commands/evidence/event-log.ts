// Reads the events of one session out of its logs. Must never hold more than one log, nor take one for what its digest does not say.
import type { ExportedStatement } from '../../exporters/index.ts';
import { sealedEvents } from '../../flow/verify/index.ts';
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import { eventLogs } from '../../model/sealed.ts';
import type { Store } from '../../model/store.ts';

const MAX_BLOB = 2 ** 30;

/** A log that is no log was reported by verification: what could be read of it was passed on. */
export function unreadable(error: unknown): void {
  if ((error as Error).name !== 'EventError') throw error;
}

/** What stands in an object's place and is no file, or too long for one, is in the verdicts: then there is nothing to pass on. */
export async function bytesOf(
  store: Pick<Store, 'get'>,
  key: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key, limit);
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-verified') return undefined;
    throw error;
  }
}

export async function blobBytes(store: Pick<Store, 'get'>, digest: string): Promise<Uint8Array | undefined> {
  const bytes = await bytesOf(store, blobKey(digest), MAX_BLOB);
  // A blob that is missing or wrong is in the verdicts; it is not passed on as if it were evidence.
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

/** One session's events. A log is fetched once however often it is read; of many only the last one is held. */
export class EventLog {
  readonly #store: Pick<Store, 'get'>;
  readonly #logs: readonly string[];
  readonly #session: string | undefined;
  #held: { readonly digest: string; readonly bytes: Promise<Uint8Array | undefined> } | undefined;

  /** Of a part there are no events: they are its session's. */
  constructor(
    store: Pick<Store, 'get'>,
    subjects: ExportedStatement['subjects'],
    session: string | undefined,
  ) {
    this.#store = store;
    this.#logs = eventLogs(subjects);
    this.#session = session;
  }

  bytes(digest: string): Promise<Uint8Array | undefined> {
    if (this.#held?.digest !== digest) this.#held = { digest, bytes: blobBytes(this.#store, digest) };
    return this.#held.bytes;
  }

  async *#all() {
    for (const digest of this.#logs) {
      const bytes = await this.bytes(digest);
      if (!bytes) return;
      yield bytes;
    }
  }

  async *lines() {
    if (this.#logs.length === 0 || this.#session === undefined) return;
    try {
      for await (const { batch } of sealedEvents(this.#all(), this.#session)) yield* batch;
    } catch (error) {
      unreadable(error);
    }
  }
}
