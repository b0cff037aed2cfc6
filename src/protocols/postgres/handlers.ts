// Which part of the reader answers to which message of the server. A type not listed here ends the conversation.
import { passNotice, passNotification, passParameter } from './asides.ts';
import { beginCopyIn, beginCopyOut, endCopyOut, passCopyData } from './copies.ts';
import { HEADER } from './framer.ts';
import { passCallResult } from './function-call.ts';
import { FROM_SERVER } from './messages.ts';
import type { Replies } from './replies.ts';

export type Handler = (replies: Replies, buffer: Buffer, start: number, end: number) => void;

/** CommandComplete's tag, without its zero byte. */
function tagOf(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('latin1', start + HEADER, end - 1);
}

export const HANDLERS: readonly (Handler | undefined)[] = (() => {
  const table: (Handler | undefined)[] = new Array(256).fill(undefined);
  const rows: readonly (readonly [number, Handler])[] = [
    [FROM_SERVER.bindComplete, (r, b, s, e) => r.completed('bind', b, s, e)],
    [FROM_SERVER.closeComplete, (r, b, s, e) => r.completed('close', b, s, e)],
    [FROM_SERVER.commandComplete, (r, b, s, e) => r.unitDone(tagOf(b, s, e), b, s, e)],
    [FROM_SERVER.copyData, (r, b, s, e) => passCopyData(r.link, b, s, e)],
    [FROM_SERVER.copyDone, (r, b, s, e) => endCopyOut(r.link, b, s, e)],
    [FROM_SERVER.copyIn, (r, b, s, e) => beginCopyIn(r.link, b, s, e)],
    [FROM_SERVER.copyOut, (r, b, s, e) => beginCopyOut(r.link, b, s, e)],
    [FROM_SERVER.emptyQuery, (r, b, s, e) => r.unitDone('', b, s, e)],
    [FROM_SERVER.error, (r, b, s, e) => r.error(b, s, e)],
    [FROM_SERVER.functionResult, (r, b, s, e) => passCallResult(r.link, b, s, e)],
    [FROM_SERVER.noData, (r, b, s, e) => r.noData(b, s, e)],
    [FROM_SERVER.notice, (r, b, s, e) => passNotice(r.link, b, s, e)],
    [FROM_SERVER.notification, (r, b, s, e) => passNotification(r.link, b, s, e)],
    [FROM_SERVER.parameterDescription, (r, b, s, e) => r.parameterDescription(b, s, e)],
    [FROM_SERVER.parameterStatus, (r, b, s, e) => passParameter(r.link, b, s, e)],
    [FROM_SERVER.parseComplete, (r, b, s, e) => r.completed('parse', b, s, e)],
    [FROM_SERVER.portalSuspended, (r, b, s, e) => r.suspended(b, s, e)],
    [FROM_SERVER.ready, (r, b, s, e) => r.ready(b, s, e)],
    [FROM_SERVER.rowDescription, (r, b, s, e) => r.rowDescription(b, s, e)],
  ];
  for (const [type, handler] of rows) table[type] = handler;
  return table;
})();
