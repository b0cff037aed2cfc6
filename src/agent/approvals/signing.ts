// What signs approval objects, with everything that proves whose key it is in the store first. Must never put an object before its proof.
import type { Signing } from '../../flow/escalate/index.ts';
import { timestamp } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import type { EpochSignIn } from '../evidence.ts';
import type { Address, ApprovalPorts } from './ports.ts';

/** Milliseconds a store may take: somebody waits for each of these. */
const PATIENCE = 15_000;

/** Rejects with `store-unreachable` when the store takes too long. */
export async function inTime<T>(address: Address, action: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `it did not answer within ${PATIENCE / 1000} s`;
    timer = setTimeout(
      () => reject(new BrokerError('store-unreachable', { store: address.url, reason })),
      PATIENCE,
    );
  });
  try {
    return await Promise.race([action(), late]);
  } finally {
    clearTimeout(timer);
  }
}

export async function putBlob(store: Store, text: string): Promise<void> {
  const bytes = Buffer.from(text, 'utf8');
  const key = blobKey(sha256(bytes));
  if ((await store.put(key, bytes)) === 'created') return;
  const there = await store.get(key, bytes.byteLength);
  if (there && sha256(there) === sha256(bytes)) return;
  const reason = 'the store holds something else under this key';
  throw new BrokerError('not-verified', { what: key, reason });
}

/** Puts the sign-in's proof and says how to sign with it. */
export async function prepareSigning(
  ports: Pick<ApprovalPorts, 'store' | 'storeId' | 'clock' | 'tool'>,
  address: Address,
  signIn: EpochSignIn,
): Promise<Signing> {
  const store = await ports.store(address);
  const texts = [signIn.pkToken, ...signIn.sightings.map(({ text }) => text)];
  await Promise.all([...new Set(texts)].map((text) => putBlob(store, text)));
  return {
    signer: signIn.signer,
    store: await ports.storeId(address),
    clock: { wall: timestamp(ports.clock.micros()), monotonic: String(ports.clock.monotonic()) },
    tool: ports.tool,
    jwks: signIn.sightings.map(({ text }) => sha256(text)),
  };
}

/** Puts an object where none stands. `ours` also when an earlier try of ours got through without our hearing of it. */
export async function putOnce(
  store: Store,
  file: { readonly key: string; readonly bytes: Uint8Array; readonly digest: string },
): Promise<'ours' | 'taken'> {
  if ((await store.put(file.key, file.bytes)) === 'created') return 'ours';
  const there = await store.get(file.key, file.bytes.byteLength + 1);
  return there && sha256(there) === file.digest ? 'ours' : 'taken';
}
