// Where a statement waits for the flow: judged, then admitted. One at a time, so that none can overtake a held one.
import type { Admission, Conversation, Execution, Hold, Judged } from '../../flow/conversation.ts';

/** Why an execution that waited for people is not to run: its client, its client's time-out, or what went before it. */
export type Withdrawn = 'cancelled' | 'timed out' | 'overtaken';

/** Stops the client's direction until the promise settles; the message at hand is then looked at again. */
export interface Holder {
  /** `asking` while people are asked, which takes its time. */
  hold(until: Promise<unknown>, asking?: boolean): void;
  /** How a held execution is withdrawn and its client told. */
  readonly port: Hold;
}

export class Gate {
  readonly #conversation: Conversation;
  readonly #holder: Holder;
  /** Answers of the flow that came while the message was held. */
  #judged: Judged | undefined;
  #admission: Admission | Withdrawn | undefined;
  /** The admission awaited; answers to any other are too late. */
  #awaited: object | undefined;

  constructor(conversation: Conversation, holder: Holder) {
    this.#conversation = conversation;
    this.#holder = holder;
  }

  /** Undefined while the judgement is awaited. */
  judge(text: string): Judged | undefined {
    const ready = this.#judged;
    if (ready) {
      this.#judged = undefined;
      if (ready.text === text) return ready;
    }
    const judged = this.#conversation.judge(text);
    if (!(judged instanceof Promise)) return judged;
    this.#holder.hold(
      judged.then((value) => {
        this.#judged = value;
      }),
    );
    return undefined;
  }

  /** Judges and admits one execution. Undefined while either is awaited; ask again with the same message. */
  admit(text: () => string, execution: Omit<Execution, 'hold'>): Admission | Withdrawn | undefined {
    const ready = this.#admission;
    if (ready) {
      this.#admission = undefined;
      return ready;
    }
    const judged = this.judge(text());
    if (!judged) return undefined;
    const admission = this.#conversation.admit(judged, { ...execution, hold: this.#holder.port });
    if (!(admission instanceof Promise)) return admission;
    const awaited = {};
    this.#awaited = awaited;
    this.#holder.hold(
      admission.then((value) => this.#answered(awaited, value)),
      true,
    );
    return undefined;
  }

  /** The message that was held is not looked at again: what the flow answered to it must not serve another. */
  drop(): true {
    this.#judged = undefined;
    const ready = this.#admission;
    this.#admission = undefined;
    if (typeof ready === 'object' && ready.kind === 'forward') ready.ticket.finish({ status: 'cancelled' });
    return true;
  }

  #answered(awaited: object, admission: Admission): void {
    if (this.#awaited === awaited) {
      this.#awaited = undefined;
      this.#admission = admission;
    } else if (admission.kind === 'forward') admission.ticket.finish({ status: 'cancelled' });
  }

  /** The held execution is withdrawn: whatever is still answered to it does not count. False when none is held. */
  withdraw(why: Withdrawn): boolean {
    if (!this.#awaited) return false;
    this.#awaited = undefined;
    this.#admission = why;
    return true;
  }
}
