// A store's own name and salt, written by whoever uses it first. Must never change once written.
import { randomBytes } from 'node:crypto';
import { base32 } from '../lib/base32.ts';
import { canonical, parseCanonicalBytes } from '../lib/canonical.ts';
import { BrokerError } from '../model/errors.ts';
import type { Store } from '../model/store.ts';

export const IDENTITY_KEY = 'v1/store.json';

export interface StoreIdentity {
  /** 26 characters of base32: statements name it, so that they cannot be replayed into another store. */
  readonly id: string;
  /** Base64, 32 bytes: key of the `hash` masking strategy, the same for everyone who uses the store. */
  readonly hashSalt: string;
}

function parse(bytes: Uint8Array, url: string): StoreIdentity {
  try {
    const { format, hashSalt, id } = parseCanonicalBytes(bytes, 4096) as Record<string, unknown>;
    if (format !== 'urn:access-broker:store:v1' || typeof id !== 'string' || typeof hashSalt !== 'string')
      throw new Error('other members');
    if (!/^[a-z2-7]{26}$/.test(id) || Buffer.from(hashSalt, 'base64').length !== 32)
      throw new Error('wrong values');
    return { id, hashSalt };
  } catch (error) {
    throw new BrokerError('not-verified', {
      what: `${IDENTITY_KEY} of ${url}`,
      reason: (error as Error).message,
    });
  }
}

/** Reads the store's identity; with `create`, gives it one when it has none. Whoever writes first wins. */
export async function identifyStore(store: Store, create = false): Promise<StoreIdentity> {
  const found = await store.get(IDENTITY_KEY, 4096);
  if (found) return parse(found, store.url);
  if (!create)
    throw new BrokerError('store-unreachable', {
      store: store.url,
      reason: `it has no ${IDENTITY_KEY}: nothing was ever stored there`,
    });
  const fresh: StoreIdentity = {
    id: base32(randomBytes(16)),
    hashSalt: randomBytes(32).toString('base64'),
  };
  await store.put(IDENTITY_KEY, Buffer.from(canonical({ format: 'urn:access-broker:store:v1', ...fresh })));
  const stored = await store.get(IDENTITY_KEY, 4096);
  if (!stored)
    throw new BrokerError('store-unsafe', { store: store.url, reason: 'it does not give back what was put' });
  return parse(stored, store.url);
}
