// Server to client: every message is understood through the request it answers, masked where it must be, or ends it all.
import type { MessageFields } from '../../flow/conversation.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ResultMask } from '../../model/masking.ts';
import { passFields } from './asides.ts';
import { readDescription } from './description.ts';
import { type FrameSink, HEADER } from './framer.ts';
import { HANDLERS } from './handlers.ts';
import type { Link, TransactionStatus } from './link.ts';
import { FROM_SERVER, readFields, violation } from './messages.ts';
import type { Pending } from './pending.ts';
import { maskRow, readRow, rowValues } from './rows.ts';
import { takeRun } from './runs.ts';

/** Bytes of one message that must be read whole before any of it may leave. */
const MAX_WHOLE = 64 * 1024 * 1024;

/** A row longer than this is recorded by its size alone. */
const MAX_SAMPLED = 1024 * 1024;

const STATUSES: Readonly<Record<number, TransactionStatus>> = { 69: 'E', 73: 'I', 84: 'T' };

export class Replies implements FrameSink {
  readonly link: Link;
  /** The message arriving in pieces is not for the client. */
  #dropping = false;

  constructor(link: Link) {
    this.link = link;
  }

  frame(type: number, buffer: Buffer, start: number, end: number): boolean {
    if (takeRun(this.link, type, buffer, start, end) === end) return true;
    if (type === FROM_SERVER.dataRow) {
      this.#dataRow(buffer, start, end);
      return true;
    }
    const handle = HANDLERS[type];
    if (!handle) throw violation('server', `a message of type ${type}`);
    handle(this, buffer, start, end);
    return true;
  }

  alike(type: number, buffer: Buffer, start: number, end: number): number {
    return takeRun(this.link, type, buffer, start, end);
  }

  streams(type: number, size: number): boolean {
    if (type === FROM_SERVER.dataRow && this.#mayStream(size)) return true;
    if (type === FROM_SERVER.copyData && this.#mayStreamCopy()) return true;
    if (size > MAX_WHOLE)
      throw new BrokerError('unsupported', {
        what: `a masked or recorded value of ${size} bytes`,
        mend: 'select fewer bytes at a time',
      });
    return false;
  }

  /** Rows nobody needs to look at go on in pieces; one too long for a sample is not sampled. */
  #mayStream(size: number): boolean {
    const head = this.#head('a row');
    if (head.tell) return false;
    this.#dropping = head.muted;
    if (!head.muted && !this.#mask(head)?.untouched) return false;
    if (!head.muted && head.ticket?.sampling && size <= MAX_SAMPLED) return false;
    head.rows += 1;
    return true;
  }

  #mayStreamCopy(): boolean {
    const head = this.link.pending.first;
    this.#dropping = head?.muted ?? false;
    if (!head?.muted && !head?.copy?.passing) return false;
    head.rows += 1;
    return true;
  }

  piece(buffer: Buffer, start: number, end: number): void {
    if (this.#dropping) return;
    const first = this.link.pending.first;
    if (first) first.bytes += end - start;
    this.link.toClient.pass(buffer, start, end);
  }

  settle(): void {
    this.link.toClient.settle();
  }

  /** Everything that waits for an answer will never get one. */
  lost(): void {
    const { pending } = this.link;
    for (let item = pending.shift(); item; item = pending.shift()) {
      this.#count(item);
      item.ticket?.finish({ status: 'lost' });
      item.portal?.finish({ status: 'lost' });
      for (const change of item.changes ?? []) this.link.settle(change, false);
    }
    this.link.portals.clear();
  }

  #head(type: string): Pending {
    const { first } = this.link.pending;
    if (!first) throw violation('server', `${type} that nothing asked for`);
    // Answers come in order: what a COPY left open has been settled when something later is answered.
    if (!first.copying) this.link.looseSyncs = 0;
    return first;
  }

  #pass(pending: Pending, buffer: Buffer, start: number, end: number): void {
    if (!pending.hidden && !pending.muted) this.link.toClient.pass(buffer, start, end);
  }

  #dataRow(buffer: Buffer, start: number, end: number): void {
    const head = this.#head('a row');
    if (head.tell) {
      head.tell(readRow(buffer, start, end, (from, to) => buffer.toString('utf8', from, to)));
      return;
    }
    const mask = this.#mask(head);
    const { ticket } = head;
    if (!mask || !ticket) throw violation('server', 'a row in answer to something without rows');
    head.rows += 1;
    if (head.muted) return;
    const { toClient } = this.link;
    const size = mask.untouched ? end - start : maskRow(buffer, start, end, mask, toClient);
    head.bytes += size;
    if (mask.untouched) toClient.pass(buffer, start, end);
    if (ticket.sampling) ticket.sample(toClient.tail(size, rowValues));
    else head.run = mask;
  }

  /** How the rows of the unit under way are masked. */
  #mask(head: Pending): ResultMask | undefined {
    if (head.mask) return head.mask;
    if (head.kind === 'query') head.mask = head.ticket?.columns(head.unit, undefined);
    else if (head.kind === 'execute') head.mask = head.portal?.rowMask();
    return head.mask;
  }

  rowDescription(buffer: Buffer, start: number, end: number): void {
    const head = this.#head('a row description');
    if (head.kind === 'query') {
      const { ticket } = head;
      head.run = undefined;
      const fields = ticket && this.link.descriptions.read(ticket.judged, head.unit, buffer, start, end);
      head.mask = ticket?.columns(head.unit, fields);
    } else this.#described(head, buffer, start, end);
    this.#pass(head, buffer, start, end);
    if (head.kind !== 'query') this.#shift();
  }

  #described(head: Pending, buffer: Buffer, start: number, end: number): void {
    if (head.kind === 'describe-statement') head.statement?.describe(readDescription(buffer, start, end));
    else if (head.kind === 'describe-portal' && head.portal) {
      const { portal } = head;
      portal.fields = this.link.descriptions.read(portal.judged, 0, buffer, start, end);
      if (portal.statement.judged === portal.judged && !portal.statement.fields)
        portal.statement.describe(portal.fields.map((field) => ({ ...field, format: 0 })));
    } else if (head.kind !== 'describe-portal') throw violation('server', 'a row description out of turn');
  }

  noData(buffer: Buffer, start: number, end: number): void {
    const head = this.#head('no data');
    if (head.kind === 'describe-statement') head.statement?.describe([]);
    else if (head.kind !== 'describe-portal') throw violation('server', 'no data out of turn');
    this.#pass(head, buffer, start, end);
    this.#shift();
  }

  parameterDescription(buffer: Buffer, start: number, end: number): void {
    const head = this.#head('a parameter description');
    if (head.kind !== 'describe-statement') throw violation('server', 'a parameter description out of turn');
    this.#pass(head, buffer, start, end);
  }

  /** ParseComplete, BindComplete, CloseComplete. */
  completed(kind: 'parse' | 'bind' | 'close', buffer: Buffer, start: number, end: number): void {
    const head = this.#head(`${kind} complete`);
    if (head.kind !== kind) throw violation('server', `${kind} complete out of turn`);
    for (const change of head.changes ?? []) this.link.settle(change, true);
    this.#pass(head, buffer, start, end);
    this.#shift();
  }

  /** CommandComplete or EmptyQueryResponse. */
  unitDone(tag: string, buffer: Buffer, start: number, end: number): void {
    const head = this.#head('a command that ended');
    if (head.kind !== 'query' && head.kind !== 'execute')
      throw violation('server', 'a command that ended out of turn');
    head.bytes += this.link.copyInBytes;
    this.link.copyInBytes = 0;
    this.#count(head);
    const finish = { status: 'ok', tag } as const;
    if (head.portal) head.portal.finish(finish);
    else head.ticket?.finish(finish);
    for (const change of head.changes ?? []) if (change.unit === head.unit) this.link.settle(change, true);
    head.changes = head.changes?.filter((change) => change.unit !== head.unit);
    head.unit += 1;
    head.mask = undefined;
    head.run = undefined;
    head.copy = undefined;
    this.#pass(head, buffer, start, end);
    head.done?.();
    if (head.kind === 'execute') this.#shift();
  }

  suspended(buffer: Buffer, start: number, end: number): void {
    const head = this.#head('a suspended portal');
    if (head.kind !== 'execute') throw violation('server', 'a suspended portal out of turn');
    this.#count(head);
    for (const change of head.changes ?? []) this.link.settle(change, false);
    this.#pass(head, buffer, start, end);
    this.#shift();
  }

  ready(buffer: Buffer, start: number, end: number): void {
    const link = this.link;
    const head = link.pending.first;
    const status = end - start === HEADER + 1 ? STATUSES[buffer[start + HEADER] as number] : undefined;
    if (!status) throw violation('server', 'a malformed status');
    if (head && (head.kind === 'query' || head.kind === 'sync')) {
      for (const change of head.changes ?? []) link.settle(change, false);
      link.pending.shift();
    } else if (link.looseSyncs > 0) link.looseSyncs -= 1;
    else throw violation('server', 'ready for a query out of turn');
    link.copyIn = false;
    link.status = status;
    if (status === 'I') link.portals.clear();
    link.conversation.ready(status !== 'I');
    head?.done?.();
    if (!head?.hidden) link.toClient.pass(buffer, start, end);
    link.wake(true);
  }

  error(buffer: Buffer, start: number, end: number): void {
    const link = this.link;
    const head = link.pending.first;
    let fields: MessageFields;
    if (head?.muted || head?.refusal) {
      fields = readFields(buffer, start + HEADER, end);
      if (head.refusal) link.toClient.put(head.refusal);
    } else fields = passFields(link, FROM_SERVER.error, buffer, start, end);
    if (/^(FATAL|PANIC)$/.test(fields.get('V') ?? fields.get('S') ?? ''))
      link.fatal = fields.get('C') ?? 'XX000';
    if (head) this.#failed(head, fields);
  }

  #failed(head: Pending, fields: MessageFields): void {
    const link = this.link;
    const sqlstate = fields.get('C') ?? 'XX000';
    const status = sqlstate === '57014' ? 'cancelled' : 'error';
    const end = { status, sqlstate, message: fields.get('M') ?? '' } as const;
    this.#count(head);
    head.run = undefined;
    if (head.portal) head.portal.finish(end);
    else head.ticket?.finish(end);
    link.copyIn = false;
    if (head.kind === 'query' || head.kind === 'sync') return;
    this.#skip(head.group);
  }

  /** After an error the server skips everything up to the next Sync. */
  #skip(group: number): void {
    const link = this.link;
    for (
      let item = link.pending.first;
      item && item.kind !== 'sync' && item.group === group;
      item = link.pending.first
    ) {
      for (const change of item.changes ?? []) link.settle(change, false);
      if (item.kind === 'bind') item.portal?.finish({ status: 'cancelled' });
      if (item.kind === 'query') item.ticket?.finish({ status: 'cancelled' });
      link.pending.shift();
    }
    if (group === link.group) link.discarding = true;
    link.wake(false);
  }

  #count(head: Pending): void {
    if (head.rows > 0 || head.bytes > 0) (head.ticket ?? head.portal?.ticket)?.count(head.rows, head.bytes);
    head.rows = 0;
    head.bytes = 0;
  }

  #shift(): void {
    this.link.pending.shift();
    this.link.wake(false);
  }
}
