// Cancel keys: secrets of ours for clients, mapped to the server's keys. A cancel request proves nothing but its key.
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { TlsSettings } from '../../model/connection.ts';
import { type Address, APPROACHES, dial } from './dial.ts';
import { int32 } from './messages.ts';

const CANCEL_REQUEST = 80_877_102;
/** A server that does not close after a cancel is left to itself. */
const DEADLINE = 5_000;

export interface CancelKey {
  readonly pid: number;
  readonly secret: Buffer;
}

/** The server's process id of a connection, as it said; undefined where it said none. */
export function processId(cancelKey: Buffer): number | undefined {
  return cancelKey.length >= 4 ? cancelKey.readInt32BE(0) : undefined;
}

/**
 * Open conversations by the process id they were told: the server's own, which clients compare with what the server says of
 * processes elsewhere. Where a pooler is in between several may have the same, and only the secret tells them apart.
 */
export class CancelKeys {
  readonly #open = new Map<number, Map<CancelKey, () => Promise<void>>>();

  /** `size` is 4 for protocol 3.0; newer clients take longer ones. */
  issue(pid: number | undefined, size: number, cancel: () => Promise<void>): CancelKey {
    const key = { pid: pid ?? randomInt(1, 0x7fff_ffff), secret: randomBytes(size) };
    const same = this.#open.get(key.pid) ?? new Map<CancelKey, () => Promise<void>>();
    this.#open.set(key.pid, same.set(key, cancel));
    return key;
  }

  forget(key: CancelKey): void {
    const same = this.#open.get(key.pid);
    same?.delete(key);
    if (same?.size === 0) this.#open.delete(key.pid);
  }

  /** Resolves when the server has taken the request; at once for a key that is not ours. */
  async request(pid: number, secret: Buffer): Promise<void> {
    for (const [key, cancel] of this.#open.get(pid) ?? [])
      if (key.secret.length === secret.length && timingSafeEqual(key.secret, secret)) return cancel();
  }
}

/** Sends a CancelRequest over a connection as protected as the one it is for. Never throws. */
export async function cancelUpstream(
  address: Address,
  tls: TlsSettings,
  key: Buffer,
  encrypted: boolean,
): Promise<void> {
  const [first = 'demand'] = APPROACHES[tls.mode];
  try {
    const { wire } = await dial(address, tls, encrypted ? 'demand' : first);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => wire.destroy(), DEADLINE);
      wire.handler = {
        data() {},
        drained() {},
        ended: () => wire.destroy(),
        closed: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      wire.resume();
      wire.write(Buffer.concat([int32(8 + key.length), int32(CANCEL_REQUEST), key]));
    });
  } catch {
    // As with libpq: a cancel that does not arrive is not an error of the statement.
  }
}
