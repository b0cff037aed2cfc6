// Rows and COPY data that come one behind the other: counted, or masked, without a call for each. Never takes what a sample wants.
import { HEADER } from './framer.ts';
import type { Link } from './link.ts';
import { FROM_SERVER } from './messages.ts';
import type { Pending } from './pending.ts';
import { maskRows, readLength } from './rows.ts';

/**
 * Takes the whole messages of one type that begin at `start`; returns where it stopped, which is `start` when they need a
 * closer look.
 */
export function takeRun(link: Link, type: number, buffer: Buffer, start: number, end: number): number {
  const head = link.pending.first;
  if (type === FROM_SERVER.dataRow && head?.run) return takeRows(link, head, buffer, start, end);
  if (type === FROM_SERVER.copyData && head?.copy) return takeCopy(link, head, buffer, start, end);
  return start;
}

function takeRows(link: Link, head: Pending, buffer: Buffer, start: number, end: number): number {
  const { run } = head;
  const stop = runEnd(buffer, start, end, head);
  if (stop === start || !run) return start;
  if (run.untouched) {
    head.bytes += stop - start;
    link.toClient.pass(buffer, start, stop);
  } else head.bytes += maskRows(buffer, start, stop, run, link.toClient);
  return stop;
}

function takeCopy(link: Link, head: Pending, buffer: Buffer, start: number, end: number): number {
  const { copy } = head;
  if (head.muted || !copy || !(copy.passing || copy.run)) return start;
  const counted = { rows: 0 };
  const whole = runEnd(buffer, start, end, counted);
  if (whole === start) return start;
  if (!copy.passing) {
    const stop = copy.run?.take(buffer, start, whole, link.toClient) ?? start;
    head.bytes += stop - start;
    return stop;
  }
  head.rows += counted.rows;
  head.bytes += whole - start;
  link.toClient.pass(buffer, start, whole);
  return whole;
}

/** End of the whole messages that begin here, which are counted. One with a length that cannot be is left to the framer. */
function runEnd(buffer: Buffer, start: number, end: number, counted: { rows: number }): number {
  const type = buffer[start];
  let pos = start;
  let rows = 0;
  while (end - pos >= HEADER && buffer[pos] === type) {
    const length = readLength(buffer, pos + 1);
    if (length < 4 || length >= end - pos) break;
    pos += length + 1;
    rows += 1;
  }
  counted.rows += rows;
  return pos;
}
