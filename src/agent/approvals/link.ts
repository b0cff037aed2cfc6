// A session's way to the people who answer for it, opened when its worker first asks. Must never lose the order of what it says.
import type { ApprovalEvent, FromHeld, FromWorker, PolicyText, SessionOrder } from '../../model/session.ts';
import type { HeldSession } from '../ports.ts';
import type { OpenWindow } from './windows.ts';

export class HeldLink {
  readonly #open: (link: HeldLink) => Promise<HeldSession>;
  #held: Promise<HeldSession> | undefined;
  /** In force now; undefined while it is still the one the session opened with. */
  policy: PolicyText | undefined;

  constructor(open: (link: HeldLink) => Promise<HeldSession>) {
    this.#open = open;
  }

  /** True when the message was about a held statement. */
  hear(message: FromWorker): message is FromHeld {
    if (message.type !== 'ask' && message.type !== 'use' && message.type !== 'withdraw') return false;
    this.#held ??= this.#open(this);
    void this.#held.then((held) => held.hear(message));
    return true;
  }

  async close(): Promise<void> {
    await (await this.#held)?.close();
  }
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
