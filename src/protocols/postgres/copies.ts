// COPY as answers bring it: data in is let through, data out is masked or refused, both at once never happens.
import { BrokerError } from '../../model/errors.ts';
import { CopyOut } from './copy.ts';
import { HEADER } from './framer.ts';
import type { Link } from './link.ts';
import { FROM_CLIENT, Reader, violation } from './messages.ts';
import type { Pending } from './pending.ts';
import { refusal } from './refusals.ts';

const AMID_COPY: ReadonlySet<number> = new Set([
  FROM_CLIENT.copyData,
  FROM_CLIENT.copyDone,
  FROM_CLIENT.copyFail,
  FROM_CLIENT.flush,
  FROM_CLIENT.sync,
  FROM_CLIENT.terminate,
]);

/** What a client may say while the server takes COPY data. Anything else, servers before 14 swallow without an answer. */
export function isAmidCopy(type: number): boolean {
  return AMID_COPY.has(type);
}

function copying(link: Link): Pending {
  const { first } = link.pending;
  if (!first || (first.kind !== 'query' && first.kind !== 'execute'))
    throw violation('server', 'a COPY out of turn');
  return first;
}

/** CopyInResponse. */
export function beginCopyIn(link: Link, buffer: Buffer, start: number, end: number): void {
  const head = copying(link);
  link.copyIn = true;
  link.copyInBytes = 0;
  // Syncs already sent are read by the COPY, which ignores them.
  link.looseSyncs += link.pending.filterBehind((item) => item.kind === 'sync');
  head.copying = true;
  if (head.kind === 'execute') {
    link.group = head.group;
    link.unsynced = true;
  }
  if (link.pending.length > 1)
    throw new BrokerError('unsupported', {
      what: 'sending requests behind COPY … FROM STDIN',
      mend: 'wait for the answer to COPY first',
    });
  if (!head.muted) link.toClient.pass(buffer, start, end);
  link.wake(true);
}

/** CopyOutResponse. */
export function beginCopyOut(link: Link, buffer: Buffer, start: number, end: number): void {
  const head = copying(link);
  const { ticket } = head;
  if (!ticket) throw violation('server', 'a COPY out of turn');
  const reader = new Reader('server', buffer, start + HEADER, end);
  const binary = reader.byte() === 1;
  const columns = reader.count();
  if (head.muted) return;
  const plan = ticket.copyOut(head.unit, columns, binary);
  if (!plan) {
    refuseCopy(link, head);
    return;
  }
  head.copy = new CopyOut(plan.shape, plan.mask, ticket, columns, binary);
  link.toClient.pass(buffer, start, end);
}

/** Data we cannot mask: the client gets an error, the server is told to stop, and what it still sends is swallowed. */
function refuseCopy(link: Link, head: Pending): void {
  const error = new BrokerError('unsupported', {
    what: 'COPY of values that may have to be masked',
    mend: 'use SELECT instead of COPY',
  });
  const rest = link.pending.list().slice(1);
  // Requests behind it would run although the client believes they are skipped.
  if (rest.some((item) => item.kind !== 'sync' && item.group === head.group)) throw error;
  link.toClient.put(refusal(error));
  head.muted = true;
  head.ticket?.finish({ status: 'refused', sqlstate: '0A000', message: error.message });
  if (head.kind === 'execute' && head.group === link.group) link.discarding = true;
  link.cancelServer();
}

/** CopyData from the server. */
export function passCopyData(link: Link, buffer: Buffer, start: number, end: number): void {
  const head = copying(link);
  if (head.muted) return;
  const { copy } = head;
  if (!copy) throw violation('server', 'COPY data out of turn');
  head.bytes += end - start - HEADER;
  copy.push(buffer, start, end, link.toClient);
}

/** CopyDone from the server. */
export function endCopyOut(link: Link, buffer: Buffer, start: number, end: number): void {
  const head = copying(link);
  if (head.muted) return;
  if (!head.copy) throw violation('server', 'the end of COPY data out of turn');
  head.copy.end();
  head.rows += head.copy.rows;
  link.toClient.pass(buffer, start, end);
}
