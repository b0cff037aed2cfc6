// The function call message, as libpq's large object interface sends it: judged as the SELECT it amounts to. Calls no other function.
import type { Parameter } from '../../flow/conversation.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Field } from '../../model/masking.ts';
import { readFormat, readParameters } from './binding.ts';
import { HEADER } from './framer.ts';
import type { Link } from './link.ts';
import { FROM_SERVER, message, Reader, violation } from './messages.ts';

const INT4 = 23;
const INT8 = 20;
const OID = 26;
const BYTEA = 17;

/** Shipped functions by the oid they have in every server: name, number of arguments, type of the answer. */
const CALLABLE: Readonly<Record<number, readonly [name: string, count: number, typeOid: number]>> = {
  715: ['lo_create', 1, OID],
  952: ['lo_open', 2, INT4],
  953: ['lo_close', 1, INT4],
  954: ['loread', 2, BYTEA],
  955: ['lowrite', 2, INT4],
  956: ['lo_lseek', 3, INT4],
  957: ['lo_creat', 1, OID],
  958: ['lo_tell', 1, INT4],
  964: ['lo_unlink', 1, INT4],
  1004: ['lo_truncate', 2, INT4],
  3170: ['lo_lseek64', 3, INT8],
  3171: ['lo_tell64', 1, INT8],
  3172: ['lo_truncate64', 2, INT4],
};

interface Call {
  /** The statement it amounts to. */
  readonly text: string;
  readonly parameters: readonly Parameter[];
  readonly result: Field;
}

export function unknownCall(): BrokerError {
  const mend = 'call the function with SELECT';
  return new BrokerError('unsupported', { what: 'the function call message', mend });
}

/** Undefined for a function that is not known by its oid. */
export function readCall(buffer: Buffer, start: number, end: number): Call | undefined {
  const reader = new Reader('client', buffer, start + HEADER, end);
  const row = CALLABLE[reader.uint32()];
  const parameters = readParameters(reader);
  const format = readFormat(reader);
  reader.done();
  if (!row || row[1] !== parameters.length) return undefined;
  const [name, count, typeOid] = row;
  const marks = Array.from({ length: count }, (_, index) => `$${index + 1}`);
  return {
    text: `select pg_catalog.${name}(${marks.join(', ')})`,
    parameters,
    result: { name, tableOid: 0, attnum: 0, typeOid, format },
  };
}

/** FunctionCallResponse: masked as the one value of its SELECT would be. */
export function passCallResult(link: Link, buffer: Buffer, start: number, end: number): void {
  const head = link.pending.first;
  const { ticket, call } = head ?? {};
  if (!head || !ticket || !call) throw violation('server', 'the answer of a function out of turn');
  head.call = undefined;
  const reader = new Reader('server', buffer, start + HEADER, end);
  const length = reader.int32();
  if (length < -1) throw reader.fail('a value is shorter than nothing');
  const at = length < 0 ? reader.pos : reader.skip(length);
  reader.done();
  const cell = ticket.columns(0, [call]).cells[0];
  const masked = cell && length >= 0 ? cell(buffer, at, end) : undefined;
  if (masked === undefined) link.toClient.pass(buffer, start, end);
  else if (masked === null) link.toClient.put(message(FROM_SERVER.functionResult, -1));
  else link.toClient.put(message(FROM_SERVER.functionResult, masked.length, masked));
  const shown = masked === undefined ? buffer.subarray(at, end) : masked;
  if (ticket.sampling) ticket.sample([length < 0 ? null : shown]);
  ticket.count(1, masked ? masked.length : Math.max(length, 0));
  ticket.finish({ status: 'ok', tag: 'SELECT 1' });
}
