// What a server says besides answers: errors, notices, notifications, parameters. Nothing leaves before it was cleaned.
import type { MessageFields } from '../../flow/conversation.ts';
import { BrokerError } from '../../model/errors.ts';
import { HEADER } from './framer.ts';
import type { Link } from './link.ts';
import { FROM_SERVER, fieldsMessage, message, Reader, readFields, sameFields } from './messages.ts';
import type { Pending } from './pending.ts';

/** Parameters that change what texts mean; our reading of them holds only for these values. */
const FIXED: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
};

/** Passes an error or notice on, cleaned; as it came when nothing had to be. Returns the clean fields. */
export function passFields(
  link: Link,
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
): MessageFields {
  const fields = readFields(buffer, start + HEADER, end);
  const head: Pending | undefined = link.pending.first;
  const clean = (head?.ticket ?? head?.portal?.ticket ?? link.conversation).scrub(new Map(fields));
  if (sameFields(clean, fields)) link.toClient.pass(buffer, start, end);
  else link.toClient.put(fieldsMessage(type, clean));
  return clean;
}

export function passNotice(link: Link, buffer: Buffer, start: number, end: number): void {
  const clean = passFields(link, FROM_SERVER.notice, buffer, start, end);
  link.conversation.event('notice', {
    severity: clean.get('V') ?? clean.get('S') ?? '',
    sqlstate: clean.get('C') ?? '',
    message: clean.get('M') ?? '',
  });
}

export function passNotification(link: Link, buffer: Buffer, start: number, end: number): void {
  const { conversation, toClient } = link;
  const reader = new Reader('server', buffer, start + HEADER, end);
  const pid = reader.int32();
  const [channel, payload] = [reader.string(), reader.string()];
  reader.done();
  const clean = [conversation.scrubText(channel), conversation.scrubPayload(payload)] as const;
  if (clean[0] === channel && clean[1] === payload) toClient.pass(buffer, start, end);
  else toClient.put(message(FROM_SERVER.notification, pid, ...clean));
}

/** Throws `unsupported` when texts would mean something else from here on. */
export function passParameter(link: Link, buffer: Buffer, start: number, end: number): void {
  const { conversation, toClient } = link;
  const reader = new Reader('server', buffer, start + HEADER, end);
  const [name, value] = [reader.string(), reader.string()];
  reader.done();
  const fixed = FIXED[name];
  if (fixed !== undefined && value !== fixed)
    throw new BrokerError('unsupported', { what: `${name} = ${value}`, mend: `leave ${name} at ${fixed}` });
  const clean = conversation.scrubSetting(value);
  if (clean === value) toClient.pass(buffer, start, end);
  else toClient.put(message(FROM_SERVER.parameterStatus, name, clean));
}
