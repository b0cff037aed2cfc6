// Which names an object may have, in every store. Must never let a key name something outside the store.
import { BrokerError } from '../model/errors.ts';

const PART = /^[A-Za-z0-9=_-][A-Za-z0-9=._-]{0,199}$/;

/** The key itself when it is one: plain parts joined by slashes, none of them starting with a dot. */
export function checkKey(key: string): string {
  const parts = key.split('/');
  if (key.length > 900 || parts.length > 12 || !parts.every((part) => PART.test(part)))
    throw new BrokerError('not-verified', {
      what: JSON.stringify(key),
      reason: 'it is not a key of a store',
    });
  return key;
}
