// Cancel keys: ours for clients, mapped to the server's. A cancel request proves nothing but its key.
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

/** Open conversations by the process id we gave them. */
export class CancelKeys {
  readonly #open = new Map<number, { secret: Buffer; cancel(): Promise<void> }>();

  /** `size` is 4 for protocol 3.0; newer clients take longer ones. */
  issue(size: number, cancel: () => Promise<void>): CancelKey {
    let pid = randomInt(1, 0x7fff_ffff);
    while (this.#open.has(pid)) pid = randomInt(1, 0x7fff_ffff);
    const secret = randomBytes(size);
    this.#open.set(pid, { secret, cancel });
    return { pid, secret };
  }

  forget(key: CancelKey): void {
    this.#open.delete(key.pid);
  }

  /** Resolves when the server has taken the request; at once for a key that is not ours. */
  async request(pid: number, secret: Buffer): Promise<void> {
    const found = this.#open.get(pid);
    if (!found || found.secret.length !== secret.length || !timingSafeEqual(found.secret, secret)) return;
    await found.cancel();
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
