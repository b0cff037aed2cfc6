// Asks for a window and waits for the answer. Must never leave a request behind that nobody waits for, unless it was told to.
import { callerOf } from '../../front/approvals.ts';
import { openAgent } from '../../front/compose.ts';
import { visible, visibleJson } from '../../lib/visible.ts';
import { formatSpan, parseWhen } from '../../lib/when.ts';
import type { ApprovalRow, ApprovalState } from '../../model/approval.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import { approvalsOf, leftOf, STATES, shortPerson } from '../../screens/approvals/facts.ts';
import type { CommandContext } from '../command.ts';

const SHORTEST = 60_000;
const LONGEST = 24 * 3_600_000;

function wrong(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'request' });
}

/** Seconds, from `--for`. */
function durationOf({ options }: CommandContext): number {
  const text = String(options['for']);
  const span = /^\d{1,6}[smhd]$/.test(text) ? parseWhen(text, 0) : undefined;
  if (span === undefined || -span < SHORTEST || -span > LONGEST)
    throw wrong(`--for has to be from 1m to 24h, such as 30m or 2h, and not ${text}`);
  return -span / 1000;
}

function reasonOf({ options }: CommandContext): string {
  const { reason } = options;
  const text = typeof reason === 'string' ? reason.trim() : '';
  if (text === '') throw wrong('--reason is missing: the people who approve want to know why');
  return text;
}

/** The line that says that we wait; on a terminal it counts down. */
function waiting(context: CommandContext): { show(row: ApprovalRow): void; end(): void } {
  const { stderr, clock, json } = context;
  const counts = stderr.isTTY === true && !json;
  let current: ApprovalRow | undefined;
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    if (current === undefined) return;
    const votes =
      current.what.quorum > 1 ? `, ${approvalsOf(current)} of ${current.what.quorum} approved` : '';
    const left = formatSpan(leftOf(current, clock.now()));
    stderr.write(`\r\u001b[Kbroker: request ${current.id} waits, ${left} left${votes}; Ctrl-C withdraws it`);
  };
  return {
    show: (row) => {
      const first = current === undefined;
      current = row;
      if (counts) {
        timer ??= setInterval(draw, 1000);
        draw();
      } else if (first && !json) {
        stderr.write(
          `broker: request ${row.id} waits until ${visible(row.expires.slice(0, 19))}Z; see it with \`broker approvals show ${row.id}\`\n`,
        );
      }
    },
    end: () => {
      clearInterval(timer);
      if (counts && current !== undefined) stderr.write('\r\u001b[K');
    },
  };
}

function people(row: ApprovalRow, answer: 'approve' | 'deny' | 'revoke'): string {
  const found = row.decisions.filter((decision) => decision.answer === answer).map(shortPerson);
  return [...new Set(found)].join(', ');
}

type Ending = (row: ApprovalRow) => BrokerError | undefined;

const over: Ending = ({ id, state }) => new BrokerError('request-over', { id, state: STATES[state] });

/** What each state means to whoever waits; undefined is the good end. Waiting has no ending. */
const ENDINGS: Readonly<Record<Exclude<ApprovalState, 'pending'>, Ending>> = {
  approved: () => undefined,
  spent: () => undefined,
  denied: (row) => {
    const reason = row.decisions.find(({ answer }) => answer === 'deny')?.reason ?? 'without a reason';
    return new BrokerError('request-denied', { id: row.id, by: people(row, 'deny') || 'somebody', reason });
  },
  expired: ({ id }) => new BrokerError('request-expired', { id }),
  withdrawn: over,
  revoked: over,
};

function granted(row: ApprovalRow): string {
  const { connection, duration = 0 } = row.what;
  const span = formatSpan(duration * 1000);
  return visible(`approved by ${people(row, 'approve')}: you may open sessions on ${connection} for ${span}`);
}

export async function run(context: CommandContext): Promise<number> {
  const { args, options, stdout, json, signal } = context;
  const [connection = ''] = args;
  const stay = options['wait'] === false;
  const first = {
    connection,
    duration: durationOf(context),
    reason: reasonOf(context),
    caller: callerOf(context),
  };
  const agent = await openAgent(context);
  const line = waiting(context);
  try {
    for await (const message of agent.window({ ...first, ...(stay ? { stay } : {}) }, signal)) {
      if (message.type !== 'row') continue;
      const { row } = message;
      if (row.state === 'pending') {
        if (!stay) line.show(row);
        else {
          stdout.write(`${json ? visibleJson(row) : row.id}\n`);
          return EXIT.waiting;
        }
        continue;
      }
      line.end();
      const failure = ENDINGS[row.state](row);
      if (failure !== undefined) throw failure;
      stdout.write(`${json ? visibleJson(row) : granted(row)}\n`);
      return EXIT.done;
    }
  } catch (error) {
    throw signal.aborted ? new BrokerError('interrupted', {}, { hint: 'the request is withdrawn' }) : error;
  } finally {
    line.end();
  }
  throw new BrokerError('agent-lost');
}
