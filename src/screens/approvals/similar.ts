// The last statement of the same shape that people answered, and what is different now. Pure; only a help, never a reason to read less.
import { formatSpan } from '../../lib/when.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { STATES, shortPerson } from './facts.ts';

export interface Similar {
  /** In words: which request, what became of it, how much is different. */
  readonly words: string;
  /** Lines of the statement that were not in the earlier one, from 1. */
  readonly changed: ReadonlySet<number>;
}

/** Larger ones are compared line by line in their places: finding what moved would take too long. */
const MOST_PAIRS = 1_000_000;

/** Lines of `now`, from 1, that are not part of the longest common subsequence with `before`. */
export function changedLines(before: readonly string[], now: readonly string[]): ReadonlySet<number> {
  const all = new Set(now.map((_, index) => index + 1));
  if (before.length * now.length > MOST_PAIRS) {
    for (const [index, line] of now.entries()) if (before[index] === line) all.delete(index + 1);
    return all;
  }
  const width = now.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        before[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  for (let i = 0, j = 0; i < before.length && j < now.length; ) {
    if (before[i] === now[j]) {
      all.delete(j + 1);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return all;
}

function answeredBefore(rows: Iterable<ApprovalRow>, row: ApprovalRow): ApprovalRow | undefined {
  const { connection, fingerprint } = row.what;
  if (fingerprint === undefined) return undefined;
  let last: ApprovalRow | undefined;
  for (const other of rows) {
    const same = other.what.connection === connection && other.what.fingerprint === fingerprint;
    const answered = other.decisions.length > 0 && other.genuine && other.id !== row.id;
    if (same && answered && other.asked < row.asked && (!last || other.asked > last.asked)) last = other;
  }
  return last;
}

function difference(before: ApprovalRow, row: ApprovalRow, changed: ReadonlySet<number>): string {
  const values = JSON.stringify(before.what.parameters ?? []) !== JSON.stringify(row.what.parameters ?? []);
  if (before.what.text === row.what.text) return values ? 'the same with other parameters' : 'the same';
  if (changed.size === 0) return 'the same without some lines';
  return `${changed.size} line${changed.size === 1 ? '' : 's'} (+) differ${changed.size === 1 ? 's' : ''}`;
}

/** Undefined when nobody has answered a statement of this shape on this connection lately. */
export function similarTo(rows: Iterable<ApprovalRow>, row: ApprovalRow, now: number): Similar | undefined {
  const before = answeredBefore(rows, row);
  if (before === undefined) return undefined;
  const changed =
    before.what.text === row.what.text
      ? new Set<number>()
      : changedLines(before.what.text.split('\n'), row.what.text.split('\n'));
  const [decision] = before.decisions;
  const by = decision
    ? ` ${decision.answer === 'approve' ? 'approved' : 'denied'} by ${shortPerson(decision)}`
    : '';
  const ago = formatSpan(now - Date.parse(before.asked));
  return {
    words: `${difference(before, row, changed)}, ${ago} ago${by}, ${STATES[before.state]}: ${before.id}`,
    changed,
  };
}
