// Client to server: every message is understood, judged where it can run something, and sent as it came or not at all.
import { isUtf8 } from 'node:buffer';
import type { Admission, Execution, Hold, Judged, Parameter } from '../../flow/conversation.ts';
import { forward } from '../../flow/forward/index.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Formats } from './description.ts';
import { type FrameSink, HEADER } from './framer.ts';
import type { Link } from './link.ts';
import { FROM_CLIENT, message, Reader, violation } from './messages.ts';
import { Portal, Prepared, WAIT } from './names.ts';
import { Pending, type PendingKind } from './pending.ts';
import { refusal, serverError } from './refusals.ts';

/** Bytes of one message that must be read whole. */
const MAX_TEXT = 64 * 1024 * 1024;
const MAX_BIND = 256 * 1024 * 1024;
const MAX_SMALL = 64 * 1024;
const TEXT: Formats = [0];
const BINARY: Formats = [1];
const UNSAID: Formats = [];

/** Stops this direction until the promise settles; the message at hand is then looked at again. */
export interface Holder {
  hold(until: Promise<unknown>): void;
  /** How a held execution is withdrawn and its client told. */
  readonly port: Hold;
}

export class Requests implements FrameSink {
  readonly #link: Link;
  readonly #holder: Holder;
  /** Answers of the flow that came while the message was held. */
  #judged: Judged | undefined;
  #admission: Admission | 'withdrawn' | undefined;
  /** The admission awaited; answers to any other are too late. */
  #awaited: object | undefined;

  constructor(link: Link, holder: Holder) {
    this.#link = link;
    this.#holder = holder;
  }

  frame(type: number, buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    if (link.terminated) return true;
    if (link.discarding && type !== FROM_CLIENT.sync && type !== FROM_CLIENT.terminate) return true;
    if (link.crowded) return this.#wait(link.uncrowded());
    switch (type) {
      case FROM_CLIENT.query:
        return this.#query(buffer, start, end);
      case FROM_CLIENT.parse:
        return this.#parse(buffer, start, end);
      case FROM_CLIENT.bind:
        return this.#bind(buffer, start, end);
      case FROM_CLIENT.describe:
        return this.#describe(buffer, start, end);
      case FROM_CLIENT.execute:
        return this.#execute(buffer, start, end);
      case FROM_CLIENT.close:
        return this.#close(buffer, start, end);
      case FROM_CLIENT.sync:
        return this.#sync(buffer, start, end);
      case FROM_CLIENT.flush:
        return this.#pass(buffer, start, end);
      case FROM_CLIENT.functionCall:
        return this.#functionCall();
      case FROM_CLIENT.copyData:
        link.copyInBytes += end - start - HEADER;
        return this.#pass(buffer, start, end);
      case FROM_CLIENT.copyDone:
      case FROM_CLIENT.copyFail:
        link.copyIn = false;
        return this.#pass(buffer, start, end);
      case FROM_CLIENT.terminate:
        link.terminated = true;
        return this.#pass(buffer, start, end);
      default:
        throw violation('client', `a message of type ${type}`);
    }
  }

  streams(type: number, size: number): boolean {
    if (type === FROM_CLIENT.copyData) return true;
    const most =
      type === FROM_CLIENT.bind
        ? MAX_BIND
        : type === FROM_CLIENT.query || type === FROM_CLIENT.parse
          ? MAX_TEXT
          : MAX_SMALL;
    if (size > most) throw violation('client', `a message of ${size} bytes, more than ${most}`);
    return false;
  }

  piece(buffer: Buffer, start: number, end: number): void {
    const link = this.#link;
    if (link.discarding || link.terminated) return;
    link.copyInBytes += end - start;
    link.toServer.pass(buffer, start, end);
  }

  settle(): void {
    this.#link.toServer.settle();
  }

  /** The held execution is withdrawn: whatever is still answered to it does not count. False when none is held. */
  withdraw(): boolean {
    if (!this.#awaited) return false;
    this.#awaited = undefined;
    this.#admission = 'withdrawn';
    return true;
  }

  #pass(buffer: Buffer, start: number, end: number): true {
    this.#link.toServer.pass(buffer, start, end);
    return true;
  }

  #wait(until: Promise<unknown>): false {
    this.#holder.hold(until);
    return false;
  }

  #push(kind: PendingKind): Pending {
    const pending = new Pending(kind, this.#link.group);
    this.#link.pending.push(pending);
    return pending;
  }

  /** The text as the server will read it: UTF-8, ended by the only zero byte. */
  #text(buffer: Buffer, start: number, end: number): string {
    if (!isUtf8(buffer.subarray(start, end)))
      throw violation('client', 'a statement that is not UTF-8, which was agreed on');
    return buffer.toString('utf8', start, end);
  }

  /** Undefined while the judgement is awaited. */
  #judge(text: string): Judged | undefined {
    const ready = this.#judged;
    if (ready) {
      this.#judged = undefined;
      if (ready.text === text) return ready;
    }
    const judged = this.#link.conversation.judge(text);
    if (!(judged instanceof Promise)) return judged;
    this.#holder.hold(
      judged.then((value) => {
        this.#judged = value;
      }),
    );
    return undefined;
  }

  /** Undefined while a person is asked. */
  #admit(judged: Judged, execution: Execution): Admission | undefined {
    const admission = this.#link.conversation.admit(judged, execution);
    if (!(admission instanceof Promise)) return admission;
    const awaited = {};
    this.#awaited = awaited;
    this.#holder.hold(
      admission.then((value) => {
        if (this.#awaited === awaited) {
          this.#awaited = undefined;
          this.#admission = value;
        } else if (value.kind === 'forward') value.ticket.finish({ status: 'cancelled' });
      }),
    );
    return undefined;
  }

  #takeAdmission(): Admission | 'withdrawn' | undefined {
    const admission = this.#admission;
    this.#admission = undefined;
    return admission;
  }

  #refused(error: BrokerError, simple: boolean): true {
    const policy = error.details['policy'];
    this.#link.refuse(
      refusal(error, 'ERROR', policy === undefined ? undefined : `policy: ${policy}`),
      simple,
    );
    return true;
  }

  #cancelled(simple: boolean): true {
    this.#link.refuse(serverError('57014', 'canceling statement due to user request'), simple);
    return true;
  }

  #query(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    if (link.copyIn) throw violation('client', 'a query in the middle of COPY data');
    const reader = new Reader('client', buffer, start + HEADER, end);
    const { start: from, end: to } = reader.text();
    reader.done();
    let admission = this.#takeAdmission();
    if (!admission) {
      const judged = this.#judge(this.#text(buffer, from, to));
      if (!judged) return false;
      admission = this.#admit(judged, {
        phase: 'simple',
        transaction: link.status,
        hold: this.#holder.port,
      });
      if (!admission) return false;
    }
    if (admission === 'withdrawn') return this.#cancelled(true);
    if (admission.kind === 'refuse') return this.#refused(admission.error, true);
    const { permit, ticket } = admission;
    forward(permit, () => link.toServer.pass(buffer, start, end));
    const pending = this.#push('query');
    pending.ticket = ticket;
    pending.changes = link.effects(ticket.judged);
    link.group += 1;
    link.statementCount += 1;
    return true;
  }

  #parse(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const reader = new Reader('client', buffer, start + HEADER, end);
    const name = reader.string();
    const { start: from, end: to } = reader.text();
    reader.skip(reader.count() * 4);
    reader.done();
    const text = this.#text(buffer, from, to);
    const judged = this.#judge(text);
    if (!judged) return false;
    if (judged.decision.outcome === 'deny')
      return this.#refused(link.conversation.refuse(judged, 'parse'), false);
    const value = new Prepared(name, text, judged);
    const change = { kind: 'statement', name, value, unit: 0 } as const;
    link.begin(change);
    const pending = this.#push('parse');
    pending.changes = [change];
    return this.#pass(buffer, start, end);
  }

  #bind(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const reader = new Reader('client', buffer, start + HEADER, end);
    const name = reader.string();
    const statementName = reader.string();
    const statement = link.statements.lookup(statementName, link.group);
    if (statement === WAIT) return this.#wait(link.settled());
    if (!statement) {
      const what =
        statementName === '' ? 'unnamed prepared statement' : `prepared statement "${statementName}"`;
      link.refuse(serverError('26000', `${what} does not exist`), false);
      return true;
    }
    const parameters = readParameters(reader);
    const formats = readFormats(reader);
    reader.done();
    let admission = this.#takeAdmission();
    if (!admission) {
      const judged = this.#judge(statement.text);
      if (!judged) return false;
      admission = this.#admit(judged, {
        phase: 'execute',
        parameters,
        transaction: link.status,
        hold: this.#holder.port,
      });
      if (!admission) return false;
    }
    if (admission === 'withdrawn') return this.#cancelled(false);
    if (admission.kind === 'refuse') return this.#refused(admission.error, false);
    const { permit, ticket } = admission;
    statement.judgedAs(ticket.judged);
    const { judged } = ticket;
    const value = new Portal({ name, statement, judged, ticket, formats, group: link.group });
    const change = { kind: 'portal', name, value, unit: 0 } as const;
    link.begin(change);
    const pending = this.#push('bind');
    pending.portal = value;
    pending.changes = [change];
    link.statementCount += 1;
    // A Bind is the execution: it carries the parameters, it is planned, and at most one run follows.
    forward(permit, () => link.toServer.pass(buffer, start, end));
    return true;
  }

  #describe(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const { kind, name } = readTarget(buffer, start, end);
    if (kind === 'S') {
      const statement = link.statements.lookup(name, link.group);
      if (statement === WAIT) return this.#wait(link.settled());
      this.#push('describe-statement').statement = statement;
    } else {
      const portal = link.portals.lookup(name, link.group);
      if (portal === WAIT) return this.#wait(link.settled());
      if (portal) portal.describing = true;
      this.#push('describe-portal').portal = portal;
    }
    return this.#pass(buffer, start, end);
  }

  #execute(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const reader = new Reader('client', buffer, start + HEADER, end);
    const name = reader.string();
    reader.int32();
    reader.done();
    const portal = link.portals.lookup(name, link.group);
    if (portal === WAIT) return this.#wait(link.settled());
    if (!portal) {
      link.refuse(serverError('34000', `portal "${name}" does not exist`), false);
      return true;
    }
    if (portal.group !== link.group) {
      const refused = this.#again(portal);
      if (refused !== false) return refused === 'held' ? false : true;
    }
    if (!portal.described) this.#describeFirst(portal);
    const pending = this.#push('execute');
    pending.portal = portal;
    pending.ticket = portal.ticket;
    pending.changes = portal.open ? link.effects(portal.judged) : undefined;
    return this.#pass(buffer, start, end);
  }

  /** Rows fetched long after Bind: the rules may have changed since. */
  #again(portal: Portal): false | 'held' | 'refused' {
    const judged = this.#judge(portal.statement.text);
    if (!judged) return 'held';
    if (judged !== portal.judged) portal.doubted = true;
    if (judged.decision.outcome !== 'deny') return false;
    this.#refused(this.#link.conversation.refuse(judged, 'execute'), false);
    return 'refused';
  }

  /** The client never asked what the rows look like, but masking must know. */
  #describeFirst(portal: Portal): void {
    portal.describing = true;
    const pending = this.#push('describe-portal');
    pending.portal = portal;
    pending.hidden = true;
    this.#link.toServer.put(message(FROM_CLIENT.describe, Buffer.from('P'), portal.name));
  }

  #close(buffer: Buffer, start: number, end: number): boolean {
    const { kind, name } = readTarget(buffer, start, end);
    const change = {
      kind: kind === 'S' ? 'statement' : 'portal',
      name,
      value: undefined,
      unit: 0,
    } as const;
    this.#link.begin(change);
    this.#push('close').changes = [change];
    return this.#pass(buffer, start, end);
  }

  #sync(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    link.discarding = false;
    // In the middle of COPY data the server ignores Sync.
    if (link.copyIn) link.looseSyncs += 1;
    else {
      this.#push('sync');
      link.group += 1;
    }
    return this.#pass(buffer, start, end);
  }

  #functionCall(): true {
    const mend = 'call the function with SELECT';
    return this.#refused(new BrokerError('unsupported', { what: 'the function call message', mend }), true);
  }
}

function readTarget(buffer: Buffer, start: number, end: number): { kind: 'S' | 'P'; name: string } {
  const reader = new Reader('client', buffer, start + HEADER, end);
  const kind = reader.byte();
  if (kind !== 0x53 && kind !== 0x50) throw reader.fail('neither a statement nor a portal is named');
  const name = reader.string();
  reader.done();
  return { kind: kind === 0x53 ? 'S' : 'P', name };
}

function readFormats(reader: Reader): Formats {
  const count = reader.count();
  if (count === 0) return UNSAID;
  if (count === 1) return readFormat(reader) === 0 ? TEXT : BINARY;
  const formats: (0 | 1)[] = [];
  for (let index = 0; index < count; index++) formats.push(readFormat(reader));
  return formats;
}

function readFormat(reader: Reader): 0 | 1 {
  const format = reader.int16();
  if (format !== 0 && format !== 1) throw reader.fail(`format ${format}`);
  return format;
}

function readParameters(reader: Reader): Parameter[] {
  const formats = readFormats(reader);
  const count = reader.count();
  if (formats.length > 1 && formats.length !== count) throw reader.fail('as many formats as parameters');
  const parameters: Parameter[] = [];
  for (let index = 0; index < count; index++) {
    const length = reader.int32();
    if (length < -1) throw reader.fail('a parameter is shorter than nothing');
    const format = (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
    if (length === -1) {
      parameters.push({ value: null, format });
      continue;
    }
    const at = reader.skip(length);
    parameters.push({ value: reader.buffer.subarray(at, at + length), format });
  }
  return parameters;
}
