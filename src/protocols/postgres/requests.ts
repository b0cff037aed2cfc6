// Client to server: every message is understood, judged where it can run something, and sent as it came or not at all.
import type { Execution } from '../../flow/conversation.ts';
import { forward } from '../../flow/forward/index.ts';
import { mostBytes, readFormats, readParameters, readTarget } from './binding.ts';
import { isAmidCopy } from './copies.ts';
import { type FrameSink, HEADER } from './framer.ts';
import { readCall, unknownCall } from './function-call.ts';
import { Gate, type Holder, type Withdrawn } from './gate.ts';
import type { Link } from './link.ts';
import { copiesOut, doubtful, readText, steady, steadyCopy } from './meaning.ts';
import { FROM_CLIENT, Reader, violation } from './messages.ts';
import { Portal, Prepared, WAIT } from './names.ts';
import { Pending, type PendingKind } from './pending.ts';
import { serverError } from './refusals.ts';
import { goesOn, refuse } from './turned-down.ts';

export class Requests implements FrameSink {
  readonly #link: Link;
  readonly #holder: Holder;
  readonly #gate: Gate;
  #dropping = false;

  constructor(link: Link, holder: Holder) {
    this.#link = link;
    this.#holder = holder;
    this.#gate = new Gate(link.conversation, holder);
  }

  frame(type: number, buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    if (link.terminated) return true;
    if (link.discarding && type !== FROM_CLIENT.sync && type !== FROM_CLIENT.terminate)
      return this.#gate.drop();
    if (link.crowded) return this.#wait(link.uncrowded());
    if (link.copyIn && !isAmidCopy(type)) throw violation('client', 'a request in the middle of COPY data');
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
        return this.#functionCall(buffer, start, end);
      case FROM_CLIENT.copyData:
        if (link.copyIn) link.copyInBytes += end - start - HEADER;
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
    if (type === FROM_CLIENT.copyData) {
      // Decided once per message: half a message must be followed by its other half whatever happens meanwhile.
      this.#dropping = this.#link.discarding || this.#link.terminated;
      return true;
    }
    const most = mostBytes(type);
    if (size > most) throw violation('client', `a message of ${size} bytes, more than ${most}`);
    return false;
  }

  piece(buffer: Buffer, start: number, end: number): void {
    const link = this.#link;
    if (this.#dropping) return;
    if (link.copyIn) link.copyInBytes += end - start;
    link.toServer.pass(buffer, start, end);
  }

  settle(): void {
    this.#link.toServer.settle();
  }

  /** Withdraws a held execution; false when none is held. */
  withdraw(why: Withdrawn): boolean {
    return this.#gate.withdraw(why);
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
    if (kind !== 'query') this.#link.unsynced = kind !== 'sync';
    return pending;
  }

  #query(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const reader = new Reader('client', buffer, start + HEADER, end);
    const { start: from, end: to } = reader.text();
    reader.done();
    const doubts = doubtful(buffer, from, to);
    if (doubts.length > 0 && link.behind) return this.#wait(link.settled());
    const text = () => readText(buffer, from, to);
    const execution = { phase: 'simple', transaction: link.status } as const;
    return this.#run(text, execution, buffer, start, end, doubts) !== undefined;
  }

  /** Runs what needs no Sync. Undefined while it is held; nothing is pending when it was refused. */
  #run(
    text: () => string,
    execution: Omit<Execution, 'hold'>,
    buffer: Buffer,
    start: number,
    end: number,
    doubts: readonly string[],
  ): { readonly pending?: Pending } | undefined {
    const link = this.#link;
    const admission = this.#gate.admit(text, execution);
    if (!admission) return undefined;
    if (!goesOn(link, admission, true)) return {};
    const { permit, ticket } = admission;
    steady(link, doubts);
    steadyCopy(link, ticket.judged);
    forward(permit, () => link.toServer.pass(buffer, start, end));
    const pending = this.#push('query');
    link.ran = link.group;
    pending.ticket = ticket;
    pending.changes = link.effects(ticket.judged);
    // Behind extended requests without a Sync it lives and fails with them.
    if (!link.unsynced) link.group += 1;
    link.statementCount += 1;
    return { pending };
  }

  #parse(buffer: Buffer, start: number, end: number): boolean {
    const link = this.#link;
    const reader = new Reader('client', buffer, start + HEADER, end);
    const name = reader.string();
    const { start: from, end: to } = reader.text();
    reader.skip(reader.count() * 4);
    reader.done();
    const doubts = doubtful(buffer, from, to);
    if (doubts.length > 0 && link.behind) return this.#wait(link.settled());
    const text = readText(buffer, from, to);
    const judged = this.#gate.judge(text);
    if (!judged) return false;
    if (judged.decision.outcome === 'deny')
      return refuse(this.#link, link.conversation.refuse(judged, 'parse'), false);
    steady(link, doubts);
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
    const execution = { phase: 'execute', parameters, transaction: link.status } as const;
    const admission = this.#gate.admit(() => statement.text, execution);
    if (!admission) return false;
    if (!goesOn(link, admission, false)) return true;
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
    if (!copiesOut(judged)) link.ran = link.group;
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
      const verdict = this.#again(portal);
      if (verdict !== 'go on') return verdict === 'refused';
    }
    if (!portal.described) link.describeFirst(portal);
    steadyCopy(link, portal.judged);
    const pending = this.#push('execute');
    link.ran = link.group;
    pending.portal = portal;
    pending.ticket = portal.ticket;
    pending.changes = portal.open ? link.effects(portal.judged) : undefined;
    return this.#pass(buffer, start, end);
  }

  /** Rows fetched long after Bind: the rules may have changed since. */
  #again(portal: Portal): 'go on' | 'held' | 'refused' {
    const judged = this.#gate.judge(portal.statement.text);
    if (!judged) return 'held';
    if (judged !== portal.judged) portal.doubted = true;
    if (judged.decision.outcome !== 'deny') return 'go on';
    refuse(this.#link, this.#link.conversation.refuse(judged, 'execute'), false);
    return 'refused';
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

  #functionCall(buffer: Buffer, start: number, end: number): boolean {
    const call = readCall(buffer, start, end);
    if (!call || this.#link.unsynced) return refuse(this.#link, unknownCall(), true);
    const { text, parameters, result } = call;
    const execution = { phase: 'simple', parameters, transaction: this.#link.status } as const;
    const ran = this.#run(() => text, execution, buffer, start, end, []);
    if (ran?.pending) ran.pending.call = result;
    return ran !== undefined;
  }
}
