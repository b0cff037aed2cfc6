// Calls of one session that wait for people. Must never let a call go on another one's approval, nor one approval count twice.
import { randomBytes } from 'node:crypto';
import { type Asker, type Asking, type Question, questionKey } from '../../flow/escalate/index.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Members } from '../../protocols/mcp/index.ts';

/** One call as it waits. */
export interface Matter {
  readonly statement: number;
  /** What the host sent of it. */
  readonly params: Members;
  readonly decision: Decision;
  /** Before it is looked at. */
  refresh(): Promise<void>;
  /** Decided as things are now. Throws what refuses it whatever people say. */
  look(): Decision;
  question(decision: Decision): Question;
  /** The host wants it no more, or is gone. */
  readonly gone: AbortSignal;
  /** Milliseconds it may wait this time. */
  readonly limit: number;
  /** The host wants to know, the first time, as soon as the request stands. */
  readonly tell: boolean;
  /** The request stands. */
  stands(waiting: string, hint: string): void;
}

/** What a host is told of a call that still waits. */
export interface Waiting {
  /** Of the request; empty while it does not stand yet. */
  readonly id: string;
  /** `request … waits for a person until …: why`. */
  readonly words: string;
  /** Whoever shows it goes on from here. */
  readonly token: string;
  /** How often the host was told so. */
  readonly rounds: number;
}

/** `changed`: the rules say something else now, so that it begins anew. */
export type Release =
  | { readonly kind: 'go' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'waits'; readonly waiting: Waiting };

interface Entry extends Waiting {
  id: string;
  words: string;
  rounds: number;
  readonly key: string;
  readonly question: Question;
  readonly asking: Asking;
  readonly stood: Promise<void>;
  /** The last call that waited for it. */
  matter: Matter;
  waiters: number;
  /** Why it never goes through; told to the next one who makes the call. */
  failed?: BrokerError;
}

/** What marks our own requestState; everything else is the server's. */
const TOKEN = 'broker1.';

/** Answers nobody came for that are remembered. */
const MOST_FAILED = 64;

const GO: Release = { kind: 'go' };
const CHANGED: Release = { kind: 'changed' };

/** Equal keys are the very same call, asked about for the same reasons. */
function keyOf(question: Question): string {
  return `${sha256(question.text)} ${questionKey(question)}`;
}

export class HeldCalls {
  readonly asker: Asker;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();

  constructor(asker: Asker) {
    this.asker = asker;
  }

  /** Rules changed: whatever waits is looked at again. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
    for (const entry of [...this.#entries.values()])
      if (entry.waiters === 0 && !entry.failed && !isSame(entry.matter, entry.key)) this.#drop(entry);
  }

  /** The call that this token stands for; undefined for a token that is not ours. Throws `call-state-unknown`. */
  resumed(token: unknown): { readonly params: Members; readonly text: string } | undefined {
    if (typeof token !== 'string' || !token.startsWith(TOKEN)) return undefined;
    const entry = [...this.#entries.values()].find((each) => each.token === token);
    if (entry) return { params: entry.matter.params, text: entry.question.text };
    throw new BrokerError('call-state-unknown', { reason: 'is over, or that nobody made' });
  }

  /** Asks, waits and spends. Throws what refused it. */
  async hold(matter: Matter): Promise<Release> {
    const question = matter.question(matter.decision);
    if (this.asker.covers(question)) return GO;
    const entry = this.#entryOf(question, matter);
    if (entry.failed) {
      this.#entries.delete(entry.key);
      throw entry.failed;
    }
    const event = await this.#wait(entry, matter);
    if (event === 'gone') {
      if (entry.waiters === 0) this.#drop(entry);
      throw new BrokerError('interrupted');
    }
    await matter.refresh();
    if (!this.#stillAsked(entry, matter)) return CHANGED;
    if (event === 'approved') return this.#use(entry, matter);
    entry.rounds += 1;
    return { kind: 'waits', waiting: entry };
  }

  /** Nothing waits any more. Resolves when the record has the end of each request, or `patience` milliseconds later. */
  async close(patience: number): Promise<void> {
    this.#entries.clear();
    await this.asker.close(patience);
  }

  async #use(entry: Entry, matter: Matter): Promise<Release> {
    // The very same call was made twice, and the other one took it.
    if (this.#entries.get(entry.key) !== entry) return this.hold(matter);
    this.#entries.delete(entry.key);
    await entry.asking.use(matter.statement);
    if (matter.gone.aborted) throw new BrokerError('interrupted');
    return isSame(matter, entry.key) ? GO : CHANGED;
  }

  #entryOf(question: Question, matter: Matter): Entry {
    const key = keyOf(question);
    const known = this.#entries.get(key);
    if (known) {
      if (known.id !== '') matter.stands(known.words, hintOf(known));
      known.matter = matter;
      return known;
    }
    let stand: () => void = () => undefined;
    const stood = new Promise<void>((resolve) => {
      stand = resolve;
    });
    const notice = (words: string, _: string, id: string): void => {
      Object.assign(entry, { words, id });
      entry.matter.stands(words, hintOf(entry));
      stand();
    };
    const entry: Entry = {
      key,
      question,
      asking: this.asker.ask(question, notice),
      stood,
      matter,
      token: `${TOKEN}${randomBytes(24).toString('base64url')}`,
      id: '',
      words: 'a request for approval is on its way',
      rounds: 0,
      waiters: 0,
    };
    this.#entries.set(key, entry);
    entry.asking.approved.catch((error: unknown) => this.#failed(entry, error));
    return entry;
  }

  async #wait(
    entry: Entry,
    { gone, limit, tell }: Matter,
  ): Promise<'approved' | 'gone' | 'changed' | 'late'> {
    let stop: () => void = () => undefined;
    const outer = new Promise<'gone' | 'changed' | 'late'>((resolve) => {
      const [leave, change] = [() => resolve('gone'), () => resolve('changed')];
      const timer = setTimeout(resolve, limit, 'late');
      gone.addEventListener('abort', leave, { once: true });
      if (gone.aborted) leave();
      this.#listeners.add(change);
      stop = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', leave);
        this.#listeners.delete(change);
      };
    });
    const approved = entry.asking.approved.then(() => 'approved' as const);
    const told = tell && entry.rounds === 0 ? [entry.stood.then(() => 'late' as const)] : [];
    entry.waiters += 1;
    try {
      return await Promise.race([approved, outer, ...told]);
    } finally {
      entry.waiters -= 1;
      stop();
    }
  }

  /** Throws what refuses it now. False when it is another question now; then nothing of this one counts. */
  #stillAsked(entry: Entry, matter: Matter): boolean {
    let same = false;
    try {
      same = isSame(matter, entry.key, true);
      return same;
    } finally {
      if (!same && entry.waiters === 0) this.#drop(entry);
    }
  }

  #failed(entry: Entry, error: unknown): void {
    if (this.#entries.get(entry.key) !== entry) return;
    if (entry.waiters > 0) {
      this.#entries.delete(entry.key);
      return;
    }
    entry.failed = error instanceof BrokerError ? error : new BrokerError('bug', { reason: String(error) });
    const failed = [...this.#entries.values()].filter((each) => each.failed);
    for (const old of failed.slice(0, Math.max(0, failed.length - MOST_FAILED)))
      this.#entries.delete(old.key);
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    entry.asking.withdraw();
  }
}

function hintOf({ id }: Waiting): string {
  return `see it with "broker approvals show ${id}"`;
}

function isSame(matter: Matter, key: string, loud = false): boolean {
  try {
    const now = matter.look();
    return now.outcome === 'ask' && keyOf(matter.question(now)) === key;
  } catch (error) {
    if (loud) throw error;
    return false;
  }
}
