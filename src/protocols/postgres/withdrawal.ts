// Lets whoever holds a statement hear that its client has taken it back. The signal is made only when somebody asks.
import type { Hold } from '../../flow/conversation.ts';
import type { Link } from './link.ts';
import { notice } from './refusals.ts';

export class Withdrawal {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Tells whoever listens; the next statement gets a signal of its own. */
  take(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }
}

/** A held execution as the flow sees it. `aside` is delivered to its client between messages. */
export function holdPort(withdrawal: Withdrawal, link: Link, aside: (answer: Buffer) => void): Hold {
  return {
    get signal() {
      return withdrawal.signal;
    },
    get transaction() {
      return link.status;
    },
    notice: (text, hint) => aside(notice(text, hint)),
  };
}
