// One request as a page of text: everything about it and its whole statement. For terminals and pipes; cuts nothing.
import type { ApprovalRow } from '../../model/approval.ts';
import { allFacts } from './facts.ts';
import { plainText } from './lines.ts';
import { wholeFact } from './pane.ts';
import { readingOf } from './reading.ts';

/** A line of a pipe is as long as it is, up to this many columns. */
const UNBOUNDED = 1 << 20;

/** `width` is that of the terminal, when it is one. Ends in a line feed. */
export function requestPage(row: ApprovalRow, now: number, width?: number): string {
  const room = Math.max(40, width ?? UNBOUNDED);
  const facts = allFacts(row, now).flatMap((fact) => wholeFact(fact, room));
  const { rows, codes, lines, parameters } = readingOf(row.what, room);
  const values = parameters === 0 ? '' : `, ${parameters} parameter${parameters === 1 ? '' : 's'}`;
  const written = codes === '' ? '' : `; written as codes: ${codes}`;
  const name = row.what.purpose === 'window' ? 'reason' : 'statement';
  const heading = `${name}, ${lines} line${lines === 1 ? '' : 's'}${values}${written}:`;
  const text = rows.map((each) => `${each.gutter}${each.text}`.trimEnd());
  return `${[...facts.map((line) => plainText(line).trimEnd()), '', heading, ...text].join('\n')}\n`;
}
