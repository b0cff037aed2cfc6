// Content masking of dates and times: one that stands under a name that says birth is a date of birth. NULL keeps the type.
import type { CellMask } from '../../../model/masking.ts';
import { viewOf } from './bytes.ts';
import type { Content } from './scan.ts';

const EPOCH = Date.UTC(2000, 0, 1);
const DAY = 86_400_000;
/** Days a JavaScript date can hold, counted from 2000. */
const FURTHEST = 90_000_000;

/** Days (`date`, 4 bytes) or microseconds (`timestamp`, 8 bytes) since 2000-01-01 as an ISO date. */
function isoDate(view: Buffer, start: number, end: number): string | undefined {
  const days =
    end - start === 4 ? view.readInt32BE(start) : Number(view.readBigInt64BE(start) / 86_400_000_000n);
  return Math.abs(days) > FURTHEST ? undefined : new Date(EPOCH + days * DAY).toISOString().slice(0, 10);
}

/** Undefined where the column's name says nothing: a date alone is not a date of birth. */
export function dateScan(content: Content, format: 0 | 1, spared: string | undefined): CellMask | undefined {
  if (!content.isNamed) return undefined;
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    if (format === 1 && end - start !== 4 && end - start !== 8) return null;
    const text = format === 0 ? view.toString('latin1', start, end) : isoDate(view, start, end);
    const spans = text === undefined ? [] : content.spans(text, spared);
    if (spans.length === 0) return undefined;
    content.countWhole(spans);
    return null;
  };
}
