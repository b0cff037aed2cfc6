// A session's ways to the people who answer for it, opened when its worker or its front first asks. Must never lose the order of what is
// said, nor let a front ask for anything but calls.
import { BrokerError } from '../../model/errors.ts';
import type {
  ApprovalEvent,
  FromHeld,
  FromWorker,
  PolicyText,
  SessionOrder,
  ToHeld,
} from '../../model/session.ts';
import type { HeldSession } from '../ports.ts';
import type { OpenWindow } from './windows.ts';

type Tell = (message: ToHeld) => void;

/** One side of a session that asks. */
class HeldLink {
  readonly #open: () => Promise<HeldSession>;
  #held: Promise<HeldSession> | undefined;

  constructor(open: () => Promise<HeldSession>) {
    this.#open = open;
  }

  hear(message: FromHeld): void {
    this.#held ??= this.#open();
    void this.#held.then((held) => held.hear(message));
  }

  async close(): Promise<void> {
    await (await this.#held)?.close();
  }
}

export class HeldLinks {
  /** In force now; undefined while it is still the one the session opened with. */
  policy: PolicyText | undefined;
  readonly #worker: HeldLink;
  readonly #front: HeldLink;
  readonly #tellFront: Tell;

  constructor(
    tell: { readonly worker: Tell; readonly front: Tell },
    open: (links: HeldLinks, tell: Tell) => Promise<HeldSession>,
  ) {
    this.#worker = new HeldLink(() => open(this, tell.worker));
    this.#front = new HeldLink(() => open(this, tell.front));
    this.#tellFront = tell.front;
  }

  /** True when the message was about a held statement. */
  hear(message: FromWorker): message is FromHeld {
    if (message.type !== 'ask' && message.type !== 'use' && message.type !== 'withdraw') return false;
    this.#worker.hear(message);
    return true;
  }

  hearFront(message: FromHeld): void {
    if (message.type !== 'ask' || isCall(message)) {
      this.#front.hear(message);
      return;
    }
    const error = new BrokerError('bug', { reason: 'a front asked for something that is not a call' });
    this.#tellFront({ type: 'not-granted', ask: message.ask, error: error.toJSON() });
  }

  async close(): Promise<void> {
    await Promise.all([this.#worker.close(), this.#front.close()]);
  }
}

function isCall({ asked, thing }: Extract<FromHeld, { type: 'ask' }>): boolean {
  return thing.purpose === asked.purpose && (thing.purpose === 'call' || thing.purpose === 'session');
}

/** The windows that are open for a session's person, and the one it stands on. */
export class Standing {
  readonly #open: () => Promise<readonly OpenWindow[]>;
  #window: OpenWindow | undefined;
  #stands = false;

  constructor(open: () => Promise<readonly OpenWindow[]>) {
    this.#open = open;
  }

  async order(): Promise<Pick<SessionOrder, 'grants' | 'window'>> {
    const [window] = await this.#open();
    if (!window) return {};
    this.#window = window;
    const { policies, quorum, connection } = window;
    return { grants: [connection], window: { policies, quorum } };
  }

  /** Names of those that are open now. */
  async grants(): Promise<readonly string[]> {
    return [...new Set((await this.#open()).map(({ connection }) => connection))];
  }

  /** Only the window let it in: what the record says of that. */
  admitted(byWindow: boolean): readonly ApprovalEvent[] {
    this.#stands = byWindow;
    return this.window?.events ?? [];
  }

  get window(): OpenWindow | undefined {
    return this.#stands ? this.#window : undefined;
  }
}
