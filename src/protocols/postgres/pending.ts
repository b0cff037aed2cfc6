// Requests that were sent and not answered yet, in order. Answers are only understood through them.
import type { Ticket } from '../../flow/conversation.ts';
import type { Field, ResultMask } from '../../model/masking.ts';
import type { CopyOut } from './copy.ts';
import type { Portal, Prepared } from './names.ts';

export type PendingKind =
  | 'query'
  | 'parse'
  | 'bind'
  | 'describe-statement'
  | 'describe-portal'
  | 'execute'
  | 'close'
  | 'sync'
  /** Our failing request in place of a refused one. */
  | 'refusal';

/** A name this request changes once it succeeds. */
export interface Change {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
  readonly value: Prepared | Portal | undefined;
  /** Index of the unit that makes the change. */
  readonly unit: number;
}

export class Pending {
  readonly kind: PendingKind;
  readonly group: number;
  ticket: Ticket | undefined = undefined;
  statement: Prepared | undefined = undefined;
  portal: Portal | undefined = undefined;
  changes: readonly Change[] | undefined = undefined;
  /** The client did not ask for this: its answer is swallowed. */
  hidden = false;
  /** Takes each row of a statement of our own. */
  tell: ((row: (string | null)[]) => void) | undefined = undefined;
  /** Told once it has been answered without an error. */
  done: (() => void) | undefined = undefined;
  /** The error the client gets in place of the server's. */
  refusal: Buffer | undefined = undefined;
  /** Unit of the text that is answering. */
  unit = 0;
  mask: ResultMask | undefined = undefined;
  /** The mask again, once no more rows are sampled: whole runs of them are taken in one go. */
  run: ResultMask | undefined = undefined;
  copy: CopyOut | undefined = undefined;
  /** What the called function answers with, when this is a function call. */
  call: Field | undefined = undefined;
  /** COPY … FROM STDIN is part of it: Syncs sent meanwhile may be answered or not. */
  copying = false;
  /** The client was told it failed; what the server still says to it is swallowed. */
  muted = false;
  rows = 0;
  bytes = 0;

  constructor(kind: PendingKind, group: number) {
    this.kind = kind;
    this.group = group;
  }
}

/** First in, first out, without moving anything. */
export class PendingQueue {
  #items: (Pending | undefined)[] = new Array(64);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): Pending | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  push(item: Pending): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  shift(): Pending | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    return item;
  }

  /** Everything from the first on; a copy. */
  list(): Pending[] {
    const list: Pending[] = [];
    for (let index = 0; index < this.#length; index++) {
      const item = this.#items[(this.#head + index) & (this.#items.length - 1)];
      if (item) list.push(item);
    }
    return list;
  }

  /** Keeps the first and removes those behind it that `drop` names. */
  filterBehind(drop: (item: Pending) => boolean): number {
    const [first, ...rest] = this.list();
    const kept = rest.filter((item) => !drop(item));
    const items = first ? [first, ...kept] : kept;
    const removed = this.#length - items.length;
    this.#items = [...items, ...new Array(this.#items.length - items.length)];
    this.#head = 0;
    this.#length = items.length;
    return removed;
  }

  #grow(): void {
    const list = this.list();
    this.#items = [...list, ...new Array(list.length)];
    this.#head = 0;
  }
}
