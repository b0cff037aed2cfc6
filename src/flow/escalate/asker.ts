// What one session asks people: told to the agent, and what was answered held to the very thing. Decides nothing.
import type { Clock } from '../../lib/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Recorder } from '../../model/event.ts';
import type { ApprovedBy, FromHeld, ToHeld } from '../../model/session.ts';
import { type Approver, type Asking, type Question, questionKey } from './approver.ts';
import { type AskingSession, askedOf, termsOf, thingOf } from './asked.ts';
import { approvedDigest } from './thing.ts';

export interface AskerParts {
  readonly session: AskingSession;
  readonly recorder: Recorder;
  readonly clock: Clock;
  tell(message: FromHeld): void;
}

type Notice = Parameters<Approver['ask']>[1];

/** Milliseconds a closing session waits for the agent to say how its requests ended, unless told otherwise. */
const LAST_WORDS = 2_000;

interface Open {
  readonly question: Question;
  readonly digest: string;
  readonly notice: Notice;
  /** Microseconds. */
  readonly since: number;
  id: string;
  /** The execution that uses it. */
  at: number;
  state: 'waiting' | 'approved' | 'using' | 'over';
  /** The agent has said how it ended. */
  ended: boolean;
  approve(): void;
  grant(): void;
  /** For both promises. */
  refuse(error: BrokerError): void;
}

function settleable(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever waits is told; without anybody it is nobody's failure.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function until(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}

export class Asker implements Approver {
  readonly #parts: AskerParts;
  readonly #open = new Map<number, Open>();
  /** Approved for the rest of the session: question → who approved, and by which request. */
  readonly #lasting = new Map<string, { readonly by: ApprovedBy; readonly ask: number }>();
  #asks = 0;
  #closed = false;
  #settled: () => void = () => undefined;

  constructor(parts: AskerParts) {
    this.#parts = parts;
  }

  covers(question: Question): boolean {
    if (question.decision.ask?.scope !== 'session' || !question.steady) return false;
    const lasting = this.#lasting.get(questionKey(question));
    if (!lasting) return false;
    this.#recordUse(question, lasting.by, 0);
    return true;
  }

  ask(question: Question, notice: Notice): Asking {
    const { session, clock } = this.#parts;
    const thing = thingOf(question, session, clock.micros());
    const approved = settleable();
    const granted = settleable();
    this.#asks += 1;
    const ask = this.#asks;
    const open: Open = {
      question,
      digest: approvedDigest(thing),
      notice,
      since: this.#parts.clock.micros(),
      id: '',
      at: question.statement,
      state: 'waiting',
      ended: false,
      approve: approved.resolve,
      grant: granted.resolve,
      refuse: (error) => {
        approved.reject(error);
        granted.reject(error);
      },
    };
    this.#open.set(ask, open);
    if (this.#closed) open.refuse(this.#refusal(open, 'approval-withdrawn'));
    else this.#parts.tell({ type: 'ask', ask, asked: askedOf(question, session), thing });
    return {
      approved: approved.promise,
      use: (at) => {
        if (open.state !== 'approved') return Promise.reject(this.#refusal(open, 'approval-withdrawn'));
        open.state = 'using';
        open.at = at ?? question.statement;
        this.#parts.tell({ type: 'use', ask });
        return granted.promise;
      },
      withdraw: () => this.#withdraw(ask, open),
    };
  }

  /** What the agent says. Anything about a request that is over here is only recorded. */
  hear(message: ToHeld): void {
    const open = message.ask === undefined ? undefined : this.#open.get(message.ask);
    switch (message.type) {
      case 'asked':
        if (open) this.#stands(open, message.id, message.expires);
        return;
      case 'approved':
        if (open?.state !== 'waiting') return;
        open.state = 'approved';
        open.approve();
        return;
      case 'granted':
        if (open) this.#granted(message, open);
        return;
      case 'not-granted':
        if (!open) return;
        open.state = 'over';
        open.refuse(this.#worded(open, BrokerError.from(message.error)));
        // What never stood in the store has no end.
        if (open.id === '') this.#forget(message.ask);
        return;
      case 'revoked':
        for (const [key, { ask }] of this.#lasting) if (ask === message.ask) this.#lasting.delete(key);
        return;
      case 'approval':
        this.#record(message, open);
    }
  }

  /** Nothing is asked any more. Resolves when the agent has said how each request ended, or has not within `patience` milliseconds. */
  async close(patience = LAST_WORDS): Promise<void> {
    this.#closed = true;
    for (const [ask, open] of [...this.#open]) this.#withdraw(ask, open);
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
      timer = setTimeout(resolve, patience);
    });
    clearTimeout(timer);
  }

  #withdraw(ask: number, open: Open): void {
    if (open.state === 'over') return;
    open.state = 'over';
    open.refuse(this.#refusal(open, 'approval-withdrawn'));
    this.#parts.tell({ type: 'withdraw', ask });
  }

  #stands(open: Open, id: string, expires: string): void {
    open.id = id;
    if (open.state === 'over') return;
    const { reason, quorum } = termsOf(open.question);
    const people = quorum > 1 ? `${quorum} people` : 'a person';
    open.notice?.(
      `request ${id} waits for ${people} until ${until(expires)}: ${reason}`,
      `see it with "broker approvals show ${id}"; cancel the statement to withdraw it`,
      id,
    );
  }

  #granted({ ask, digest, lasts, by }: Extract<ToHeld, { type: 'granted' }>, open: Open): void {
    if (open.state !== 'using') return;
    open.state = 'over';
    // Whatever the agent granted, it must be this very thing.
    if (digest !== open.digest) {
      open.refuse(this.#refusal(open, 'approval-overtaken', { reason: 'another thing was approved' }));
      return;
    }
    if (lasts) this.#lasting.set(questionKey(open.question), { by, ask });
    const waited = this.#parts.clock.micros() - open.since;
    this.#recordUse({ ...open.question, statement: open.at }, by, waited);
    open.grant();
    if (open.ended) this.#forget(ask);
  }

  #record({ ask, event }: Extract<ToHeld, { type: 'approval' }>, open: Open | undefined): void {
    const { recorder } = this.#parts;
    const at = open && { conversation: open.question.conversation, statement: open.question.statement };
    if (event.type === 'approval.request' || event.type === 'approval.end')
      recorder.append(event.type, { ...event.data, ...at });
    else recorder.append(event.type, event.data);
    recorder.flush();
    if (event.type !== 'approval.end' || ask === undefined || !open) return;
    open.ended = true;
    if (open.state === 'over') this.#forget(ask);
  }

  #forget(ask: number): void {
    this.#open.delete(ask);
    if (this.#open.size === 0) this.#settled();
  }

  #recordUse(question: Question, by: ApprovedBy, waited: number): void {
    const { conversation, statement } = question;
    this.#parts.recorder.append('approval.use', { ...by, conversation, statement, waited });
  }

  #refusal(
    open: Open,
    code: 'approval-withdrawn' | 'approval-overtaken',
    more: Readonly<Record<string, string>> = {},
  ): BrokerError {
    return new BrokerError(code, { ...this.#words(open), ...more });
  }

  /** The agent knows the request; the worker knows what it was about. */
  #worded(open: Open, error: BrokerError): BrokerError {
    return new BrokerError(
      error.code,
      { ...error.details, ...this.#words(open) },
      error.code === 'approval-too-long' || error.code === 'sign-in-unbound' ? { hint: error.hint } : {},
    );
  }

  #words({ question, id }: Open): Readonly<Record<string, string>> {
    const { connection, shown, decision } = question;
    return {
      connection,
      what: shown.titles.join('; ') || 'this statement',
      policy: decision.policies.join(', '),
      ...(id === '' ? {} : { id }),
    };
  }
}
