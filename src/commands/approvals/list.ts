// Lists requests for approval. Must never pretend that a request which is not genuine is like the others.
import { listApprovals } from '../../front/approvals.ts';
import { openAgent } from '../../front/compose.ts';
import { table } from '../../lib/table.ts';
import { visibleJson } from '../../lib/visible.ts';
import { formatSpan, parseWhen } from '../../lib/when.ts';
import type { ApprovalRow } from '../../model/approval.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import { actorOf, approvalsOf, leftOf, STATES, shortPerson, titleOf } from '../../screens/approvals/facts.ts';
import type { CommandContext } from '../command.ts';

/** Milliseconds back, from `--since`. */
export function sinceOf({ options, clock }: CommandContext, command: string): { since?: number } {
  const text = options['since'];
  if (text === undefined) return {};
  const now = clock.now();
  const from = parseWhen(String(text), now);
  if (from === undefined || from > now)
    throw new BrokerError('usage', { reason: `${String(text)} is not a time in the past`, command });
  return { since: now - from };
}

export function connectionOf({ options }: CommandContext): { connection?: string } {
  const { connection } = options;
  return typeof connection === 'string' ? { connection } : {};
}

function stateOf(row: ApprovalRow): string {
  return row.genuine ? STATES[row.state] : 'NOT GENUINE';
}

function who(row: ApprovalRow): string {
  if (row.own) return 'you';
  return row.requester.bot === undefined
    ? shortPerson(row.requester)
    : `${actorOf(row)} for ${shortPerson(row.requester)}`;
}

function cells(row: ApprovalRow, now: number): readonly string[] {
  const left = leftOf(row, now);
  return [
    row.id,
    who(row),
    row.what.connection,
    titleOf(row),
    `${formatSpan(now - Date.parse(row.asked))} ago`,
    left > 0 ? formatSpan(left) : '',
    `${approvalsOf(row)}/${row.what.quorum}`,
    stateOf(row),
  ];
}

const HEADINGS = ['REQUEST', 'WHO', 'CONNECTION', 'WHAT', 'ASKED', 'LEFT', 'YES', 'STATE'];

export async function run(context: CommandContext): Promise<number> {
  const { stdout, clock, json, fancy, options } = context;
  const all = options['all'] === true;
  const filter = { ...connectionOf(context), ...sinceOf(context, 'approvals ls'), ...(all ? { all } : {}) };
  const rows = await listApprovals(await openAgent(context), context, filter);
  if (json) for (const row of rows) stdout.write(`${visibleJson(row)}\n`);
  else if (rows.length === 0)
    stdout.write(all ? 'there are no requests\n' : 'nothing waits for an answer; see the rest with --all\n');
  else {
    const width = stdout.columns ? { width: stdout.columns } : {};
    const lines = rows.map((row) => cells(row, clock.now()));
    stdout.write(table(HEADINGS, lines, { fancy, ...width }));
  }
  return EXIT.done;
}
