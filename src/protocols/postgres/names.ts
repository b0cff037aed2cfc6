// What a client's prepared statements and portals are, while requests are ahead of their answers. Never guesses.
import type { Judged, Ticket } from '../../flow/conversation.ts';
import type { Field, ResultMask } from '../../model/masking.ts';
import { type Formats, withFormats } from './description.ts';

export class Prepared {
  readonly name: string;
  readonly text: string;
  judged: Judged;
  /** The rows it returns, as described under `judged`; empty when it returns none; undefined when never described. */
  fields: readonly Field[] | undefined = undefined;
  #formats: Formats | undefined;
  #formatted: readonly Field[] | undefined;

  constructor(name: string, text: string, judged: Judged) {
    this.name = name;
    this.text = text;
    this.judged = judged;
  }

  /** Believes a new judgement; what was described under the old one is forgotten. */
  judgedAs(judged: Judged): void {
    if (judged === this.judged) return;
    this.judged = judged;
    this.describe(undefined);
  }

  describe(fields: readonly Field[] | undefined): void {
    if (fields === this.fields) return;
    this.fields = fields;
    this.#formatted = undefined;
  }

  /** The description with the formats of a Bind; the same object while neither changes. */
  fieldsAs(formats: Formats): readonly Field[] | undefined {
    if (!this.fields) return undefined;
    const same = this.#formats?.length === formats.length && this.#formats.every((f, i) => f === formats[i]);
    if (!same || !this.#formatted) {
      this.#formats = formats;
      this.#formatted = withFormats(this.fields, formats);
    }
    return this.#formatted;
  }
}

/** One Bind: one execution, however many Executes fetch its rows. */
export class Portal {
  readonly name: string;
  readonly statement: Prepared;
  readonly judged: Judged;
  readonly ticket: Ticket;
  readonly formats: Formats;
  /** The sync group it was bound in. */
  readonly group: number;
  /** Rows as described for this very portal. */
  fields: readonly Field[] | undefined = undefined;
  mask: ResultMask | undefined = undefined;
  /** A Describe of it is on its way. */
  describing = false;
  /** Its statement may mean something else by now: every value is masked. */
  doubted = false;
  open = true;

  constructor(parts: Pick<Portal, 'name' | 'statement' | 'judged' | 'ticket' | 'formats' | 'group'>) {
    this.name = parts.name;
    this.statement = parts.statement;
    this.judged = parts.judged;
    this.ticket = parts.ticket;
    this.formats = parts.formats;
    this.group = parts.group;
  }

  get described(): boolean {
    return this.fields !== undefined || this.describing || this.statement.fields !== undefined;
  }

  /** How its rows are masked; every value when there is no telling what they are. */
  rowMask(): ResultMask {
    if (this.doubted) return this.ticket.columns(0, undefined);
    this.mask ??= this.ticket.columns(0, this.fields ?? this.statement.fieldsAs(this.formats));
    return this.mask;
  }

  finish(end: Parameters<Ticket['finish']>[0]): void {
    if (!this.open) return;
    this.open = false;
    this.ticket.finish(end);
  }
}

interface Entry<T> {
  /** As the server's answers so far say. */
  settled: T | undefined;
  /** As it will be if the newest request for it succeeds. */
  next: T | undefined;
  /** Sync group of that request. */
  group: number;
  /** Requests not answered yet. */
  unsettled: number;
}

/** Its meaning depends on answers still to come: ask again when they are here. */
export const WAIT = Symbol('wait');

/**
 * Names of one kind. A request later in the same sync group is only executed if the earlier ones succeeded, so it may
 * rely on them; one in a later group may not, because the earlier group can have failed anywhere.
 */
export class NameTable<T> {
  readonly #unnamed: Entry<T> = { settled: undefined, next: undefined, group: -1, unsettled: 0 };
  readonly #named = new Map<string, Entry<T>>();
  readonly #dropped: (value: T) => void;

  constructor(dropped: (value: T) => void) {
    this.#dropped = dropped;
  }

  lookup(name: string, group: number): T | undefined | typeof WAIT {
    const entry = name === '' ? this.#unnamed : this.#named.get(name);
    if (!entry || entry.unsettled === 0) return entry?.settled;
    return entry.group === group ? entry.next : WAIT;
  }

  /** A request that changes a name is on its way. */
  change(name: string, value: T | undefined, group: number): void {
    let entry = name === '' ? this.#unnamed : this.#named.get(name);
    if (!entry) {
      entry = { settled: undefined, next: undefined, group, unsettled: 0 };
      this.#named.set(name, entry);
    }
    entry.next = value;
    entry.group = group;
    entry.unsettled += 1;
  }

  /** The server answered it, or skipped it. */
  settle(name: string, value: T | undefined, done: boolean): void {
    const entry = name === '' ? this.#unnamed : this.#named.get(name);
    if (!entry) return;
    entry.unsettled -= 1;
    if (done) this.#set(entry, value);
    if (name !== '' && entry.unsettled === 0 && entry.settled === undefined) this.#named.delete(name);
  }

  /** Every name known so far, the unnamed one left out. */
  names(): string[] {
    return [...this.#named.keys()];
  }

  /** The server dropped all of them: the end of a transaction, for portals. */
  clear(): void {
    this.#set(this.#unnamed, undefined);
    if (this.#named.size === 0) return;
    for (const [name, entry] of this.#named) {
      this.#set(entry, undefined);
      if (entry.unsettled === 0) this.#named.delete(name);
    }
  }

  #set(entry: Entry<T>, value: T | undefined): void {
    const old = entry.settled;
    entry.settled = value;
    if (old !== undefined && old !== value) this.#dropped(old);
  }
}
