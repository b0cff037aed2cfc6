// The stores shelf: one row per scheme, loaded when first used.
import { BrokerError } from '../model/errors.ts';
import type { Store, StoreKind, StoreOpening } from '../model/store.ts';

export { IDENTITY_KEY, identifyStore, type StoreIdentity } from './identity.ts';

const STORES: Readonly<Record<string, () => Promise<StoreKind>>> = {
  'file:': async () => (await import('./file.ts')).fileStore,
  's3:': async () => (await import('./s3.ts')).s3Store,
};

/** Opens a store without touching it yet. Throws `store-unreachable` for an address that is none. */
export async function openStore(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
  settings: StoreOpening = {},
): Promise<Store> {
  const row = URL.canParse(url) ? STORES[new URL(url).protocol] : undefined;
  if (!row)
    throw new BrokerError('store-unreachable', {
      store: url,
      reason: `the address must start with one of ${Object.keys(STORES).join(' ')}`,
    });
  return (await row()).open(url, environment, settings);
}
