// A session's way to the people who answer for it, opened when its worker first asks. Must never lose the order of what it says.
import type { FromHeld, FromWorker } from '../../model/session.ts';
import type { HeldSession } from '../ports.ts';

export class HeldLink {
  readonly #open: () => Promise<HeldSession>;
  #held: Promise<HeldSession> | undefined;

  constructor(open: () => Promise<HeldSession>) {
    this.#open = open;
  }

  /** True when the message was about a held statement. */
  hear(message: FromWorker): message is FromHeld {
    if (message.type !== 'ask' && message.type !== 'use' && message.type !== 'withdraw') return false;
    this.#held ??= this.#open();
    void this.#held.then((held) => held.hear(message));
    return true;
  }

  async close(): Promise<void> {
    await (await this.#held)?.close();
  }
}
