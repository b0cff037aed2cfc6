// A sealed session's events as a command reads them. Must never read bytes that are not what their digest says.
import { sealedEvents } from '../../flow/verify/index.ts';
import type { Json } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import { eventLogs } from '../../model/sealed.ts';
import type { Store } from '../../model/store.ts';
import type { ListedStatement } from '../evidence.ts';

const MAX_BLOB = 2 ** 30;

/** A blob, held to its digest. */
export async function blobOf(store: Store, digest: string): Promise<Uint8Array> {
  const bytes = await store.get(blobKey(digest), MAX_BLOB);
  if (bytes && sha256(bytes) === digest) return bytes;
  const reason = bytes ? 'its bytes have another digest' : 'it is not there';
  throw new BrokerError('not-verified', { what: blobKey(digest), reason });
}

/** The session's events, held to the digest its statement names. */
export async function* eventsOf(
  store: Store,
  { predicate, subjects }: ListedStatement,
): AsyncGenerator<Readonly<Record<string, Json>>> {
  const session = predicate.session?.id;
  if (session === undefined) return;
  const logs = (async function* () {
    for (const digest of eventLogs(subjects)) yield await blobOf(store, digest);
  })();
  for await (const { batch } of sealedEvents(logs, session, predicate.events?.first))
    for (const { value } of batch) yield value;
}
