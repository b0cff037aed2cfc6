// What both directions of one conversation share: names, requests awaiting answers, transaction status. No I/O.
import { randomBytes } from 'node:crypto';
import type { Conversation, Judged } from '../../flow/conversation.ts';
import type { UnitEffect } from '../../model/classification.ts';
import { Descriptions } from './description.ts';
import { FROM_CLIENT, message } from './messages.ts';
import { NameTable, Portal, Prepared } from './names.ts';
import { Outbox } from './outbox.ts';
import { type Change, Pending, type PendingKind, PendingQueue } from './pending.ts';

export type TransactionStatus = 'I' | 'T' | 'E';

/**
 * More requests than this may not wait for answers. A server holds at most 8 KiB of answers back, five bytes each, so
 * that the lower mark is always reached.
 */
const MOST_PENDING = 8_192;
const FEW_PENDING = 4_096;

const SYNC = message(FROM_CLIENT.sync);
const FLUSH = message(FROM_CLIENT.flush);
const NOTHING = Buffer.alloc(6);

/** The name of our own statements and portals. */
const OURS = 'broker settings';
const SHOW_TIMEOUT = 'SHOW statement_timeout';
const HIDDEN: readonly PendingKind[] = ['parse', 'bind', 'execute', 'close', 'close'];

function copiesIn({ classification }: Judged): boolean {
  return classification.units.some(({ copy }) => copy?.direction === 'in');
}

export class Link {
  readonly conversation: Conversation;
  readonly toClient = new Outbox();
  readonly toServer = new Outbox();
  readonly pending = new PendingQueue();
  readonly statements = new NameTable<Prepared>(() => {});
  readonly portals = new NameTable<Portal>((portal) => portal.finish({ status: 'cancelled' }));
  readonly descriptions = new Descriptions();
  status: TransactionStatus = 'I';
  /** Counts Syncs, and simple queries with nothing unsynced before them: requests of one group live and fail together. */
  group = 0;
  /** Extended requests were sent since the last Sync. */
  unsynced = false;
  /** The group in which something was last executed. */
  ran = -1;
  /** A request of this group failed: what follows is dropped until Sync, as the server does. */
  discarding = false;
  /** The server takes COPY data. */
  copyIn = false;
  copyInBytes = 0;
  /** Syncs a COPY may have swallowed. */
  looseSyncs = 0;
  terminated = false;
  /** SQLSTATE of the error the server ended the connection with. */
  fatal: string | undefined = undefined;
  /** Executions let through. */
  statementCount = 0;
  readonly #waiters: { few: boolean; resolve(): void }[] = [];
  readonly #failing: Buffer;
  readonly #cancelServer: () => void;

  constructor(conversation: Conversation, cancelServer: () => void) {
    this.conversation = conversation;
    this.#cancelServer = cancelServer;
    // Describing a statement that cannot exist fails in every state and changes nothing else.
    const name = `refused by broker ${randomBytes(12).toString('hex')}`;
    this.#failing = message(FROM_CLIENT.describe, Buffer.from('S'), name);
  }

  /** Earlier groups await their answers. */
  get behind(): boolean {
    const { first } = this.pending;
    return first !== undefined && first.group < this.group;
  }

  get crowded(): boolean {
    return this.pending.length > MOST_PENDING;
  }

  /**
   * Makes the server fail where the client's request would have stood. It then does what it does after any error (skip
   * to Sync, abort the transaction), so that both sides agree without us keeping count.
   */
  refuse(answer: Buffer, simple: boolean): void {
    this.toServer.put(this.#failing);
    const pending = new Pending('refusal', this.group);
    pending.refusal = answer;
    this.pending.push(pending);
    if (!simple) {
      this.discarding = true;
      return;
    }
    this.toServer.put(SYNC);
    this.pending.push(new Pending('sync', this.group));
    this.unsynced = false;
    this.group += 1;
  }

  /** The client never asked what the rows look like, but masking must know. */
  describeFirst(portal: Portal): void {
    portal.describing = true;
    const pending = new Pending('describe-portal', this.group);
    pending.portal = portal;
    pending.hidden = true;
    this.pending.push(pending);
    this.toServer.put(message(FROM_CLIENT.describe, Buffer.from('P'), portal.name));
  }

  /** A Sync that nobody asked for, where the server waits for the client: its clock of idleness starts anew. False elsewhere. */
  stir(): boolean {
    if (this.pending.length > 0 || this.unsynced || this.copyIn || this.terminated) return false;
    this.sync();
    return true;
  }

  /**
   * Asks for `statement_timeout` as it is in force behind everything sent so far. SHOW takes no snapshot. Where a group is open
   * the answer is had by Flush, and the server's own clock, which a Parse set going, stops. False where nothing can be asked.
   */
  showTimeout(tell: (shown: string) => void): boolean {
    const copies = this.pending.list().some(({ ticket }) => ticket && copiesIn(ticket.judged));
    if (copies || this.copyIn || this.discarding || this.terminated) return false;
    // On its own it may fail, where the transaction has failed meanwhile: nobody needs to know.
    this.hidden(SHOW_TIMEOUT, !this.unsynced).tell = ([shown]) => tell(shown ?? '');
    if (this.unsynced) this.toServer.put(FLUSH);
    else this.sync();
    return true;
  }

  /** A Sync of our own, answered to nobody but us. */
  sync(done?: () => void): void {
    this.toServer.put(SYNC);
    const pending = new Pending('sync', this.group);
    pending.hidden = true;
    pending.done = done;
    this.pending.push(pending);
    this.group += 1;
  }

  /** Runs a statement of our own in the client's place, under a name of our own. Returns the request that it answers. */
  hidden(statement: string, muted = false): Pending {
    const { toServer } = this;
    toServer.put(message(FROM_CLIENT.parse, OURS, statement, NOTHING.subarray(0, 2)));
    toServer.put(message(FROM_CLIENT.bind, OURS, OURS, NOTHING));
    toServer.put(message(FROM_CLIENT.execute, OURS, 0));
    toServer.put(message(FROM_CLIENT.close, Buffer.from('P'), OURS));
    toServer.put(message(FROM_CLIENT.close, Buffer.from('S'), OURS));
    const [, , answering] = HIDDEN.map((kind) => {
      const pending = new Pending(kind, this.group);
      pending.hidden = true;
      pending.muted = muted;
      this.pending.push(pending);
      return pending;
    });
    return answering as Pending;
  }

  cancelServer(): void {
    this.#cancelServer();
  }

  /** Resolves when every sync group before the current one has been answered. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push({ few: false, resolve }));
  }

  /** Resolves when few requests await an answer. */
  uncrowded(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push({ few: true, resolve }));
  }

  /** Called when a group has been answered or requests were answered: wakes those whose wait is over. */
  wake(groupEnded: boolean): void {
    if (this.#waiters.length === 0) return;
    const few = this.pending.length < FEW_PENDING;
    for (let index = this.#waiters.length - 1; index >= 0; index--) {
      const waiter = this.#waiters[index];
      if (!waiter || !(waiter.few ? few : groupEnded)) continue;
      this.#waiters.splice(index, 1);
      waiter.resolve();
    }
  }

  /** Names that SQL-level PREPARE, DEALLOCATE, DECLARE, CLOSE and DISCARD change. What they make is not ours to know. */
  effects(judged: Judged): readonly Change[] | undefined {
    let changes: Change[] | undefined;
    for (const [unit, { effect }] of judged.classification.units.entries()) {
      if (!effect) continue;
      changes ??= [];
      changes.push(...this.#changes(effect, unit));
    }
    for (const change of changes ?? []) this.#begin(change);
    return changes;
  }

  #changes(effect: UnitEffect, unit: number): Change[] {
    const change = (kind: Change['kind'], name: string): Change => ({ kind, name, unit, value: undefined });
    const every = (kind: Change['kind']) =>
      (kind === 'statement' ? this.statements : this.portals).names().map((name) => change(kind, name));
    switch (effect.kind) {
      case 'prepare':
        return [change('statement', effect.name)];
      case 'deallocate':
        return effect.name === 'all' ? every('statement') : [change('statement', effect.name)];
      case 'declare':
        return [change('portal', effect.name)];
      case 'close':
        return effect.name === 'all' ? every('portal') : [change('portal', effect.name)];
      case 'discard':
        return [...every('statement'), ...every('portal')];
      case 'search-path':
        return [];
    }
  }

  /** A request of the protocol's own (Parse, Bind, Close) changes a name. SQL text may use it only once it is settled. */
  begin(change: Change): void {
    this.#begin(change);
    if (change.name !== '') this.conversation.named(change.kind, change.name, undefined);
  }

  #begin({ kind, name, value }: Change): void {
    if (kind === 'statement')
      this.statements.change(name, value instanceof Prepared ? value : undefined, this.group);
    else this.portals.change(name, value instanceof Portal ? value : undefined, this.group);
  }

  settle(change: Change, done: boolean): void {
    const { kind, name, value } = change;
    if (value instanceof Prepared) this.statements.settle(name, value, done);
    else if (value instanceof Portal) this.portals.settle(name, value, done);
    else if (kind === 'statement') this.statements.settle(name, undefined, done);
    else this.portals.settle(name, undefined, done);
    if (name === '' || value === undefined) return;
    if (done) this.conversation.named(kind, name, value.judged);
  }
}
