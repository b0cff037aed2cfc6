// Holds one execution until people have answered for exactly what it is when it runs. Must never let a stale answer count.
import { BrokerError } from '../model/errors.ts';
import type { Hold } from './conversation.ts';
import {
  type Approver,
  type Asking,
  needsApproval,
  type Question,
  questionKey,
  titlesOf,
} from './escalate/index.ts';
import type { Judgement } from './judgement.ts';

/** The execution as its conversation sees it. */
export interface Matter {
  readonly connection: string;
  readonly hold: Hold | undefined;
  /** Judged and decided as things are now. */
  look(): Judgement | Promise<Judgement>;
  question(judgement: Judgement): Question;
  /** Nothing has changed since this judgement was made. */
  current(judgement: Judgement): boolean;
  /** Calls back when policy or windows change; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/** `go`: as judged now. `changed`: policy now says something else about it, so it begins anew. */
export type Release =
  | { readonly kind: 'go'; readonly judgement: Judgement }
  | { readonly kind: 'changed'; readonly judgement: Judgement; readonly error: BrokerError }
  | { readonly kind: 'refused'; readonly error: BrokerError };

function overtaken(matter: Matter, { decision, shown }: Question, reason: string): BrokerError {
  const policy = decision.policies.join(', ');
  const what = shown.titles.join('; ');
  return new BrokerError('approval-overtaken', { connection: matter.connection, what, policy, reason });
}

/** Waits for the answer, looking again whenever the rules change. The judgement it ends with is that of now. */
async function awaitApproval(asking: Asking, matter: Matter, key: string): Promise<Judgement> {
  for (;;) {
    let stop: () => void = () => undefined;
    const changed = new Promise<'changed'>((resolve) => {
      stop = matter.onChange(() => resolve('changed'));
    });
    try {
      const event = await Promise.race([asking.approved, changed]);
      const now = await matter.look();
      if (event !== 'changed' || !isSame(now, matter, key)) return now;
    } finally {
      stop();
    }
  }
}

function hasFailed({ hold }: Matter): boolean {
  return hold?.transaction === 'E';
}

function isSame(judgement: Judgement, matter: Matter, key: string): boolean {
  return judgement.decision.outcome === 'ask' && questionKey(matter.question(judgement)) === key;
}

async function settle(asking: Asking, matter: Matter, question: Question): Promise<Release> {
  const key = questionKey(question);
  let now = await awaitApproval(asking, matter, key);
  if (!isSame(now, matter, key)) {
    asking.withdraw();
    const error = overtaken(matter, question, 'the rules changed while it waited');
    return { kind: 'changed', judgement: now, error };
  }
  if (hasFailed(matter)) {
    asking.withdraw();
    const error = overtaken(matter, question, 'its transaction failed while it waited');
    return { kind: 'refused', error };
  }
  await asking.use();
  // Spending it took time: what changed meanwhile makes it another question.
  while (!matter.current(now)) now = await matter.look();
  if (isSame(now, matter, key)) return { kind: 'go', judgement: now };
  const error = overtaken(matter, question, 'the rules changed while its approval was used');
  return { kind: 'changed', judgement: now, error };
}

/** Asks, waits and spends. Resolves at once with `refused` when the client takes the execution back. */
async function hold(approver: Approver, matter: Matter, question: Question): Promise<Release> {
  const asking = approver.ask(question, (text, hint) => matter.hold?.notice(text, hint));
  const withdraw = () => asking.withdraw();
  const signal = matter.hold?.signal;
  signal?.addEventListener('abort', withdraw, { once: true });
  try {
    if (signal?.aborted) asking.withdraw();
    return await settle(asking, matter, question);
  } catch (error) {
    asking.withdraw();
    if (error instanceof BrokerError) return { kind: 'refused', error };
    return { kind: 'refused', error: overtaken(matter, question, 'asking for approval failed') };
  } finally {
    signal?.removeEventListener('abort', withdraw);
  }
}

/** Everything one session holds. */
export class Held {
  readonly #connection: string;
  readonly #approver: Approver | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(connection: string, approver: Approver | undefined) {
    this.#connection = connection;
    this.#approver = approver;
  }

  /** Rules changed: whatever waits is looked at again. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  ask(judgement: Judgement, given: Omit<Matter, 'connection' | 'onChange'>): Release | Promise<Release> {
    const connection = this.#connection;
    const approver = this.#approver;
    const { decision, classification } = judgement;
    if (!approver)
      return { kind: 'refused', error: needsApproval(connection, decision, titlesOf(classification.units)) };
    const matter: Matter = {
      ...given,
      connection,
      question: (now) => ({ ...given.question(now), connection }),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    const question = matter.question(judgement);
    // The server would refuse it whatever people say.
    if (hasFailed(matter))
      return { kind: 'refused', error: overtaken(matter, question, 'its transaction has failed') };
    if (approver.covers(question)) return { kind: 'go', judgement };
    return hold(approver, matter, question);
  }
}
