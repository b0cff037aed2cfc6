// Requests as the agent tells them: a list, one of them, or as they come. Must never take what is told for an answer.
import { setTimeout as pause } from 'node:timers/promises';
import { type AgentClient, brokerSettings, type Caller, type FromApprovals } from '../agent/client.ts';
import type { ApprovalRow } from '../model/approval.ts';
import { asBrokerError, BrokerError } from '../model/errors.ts';
import { type FrontContext, openAgent } from './compose.ts';

export type ApprovalFilter = Pick<FromApprovals, 'connection' | 'id' | 'all' | 'since'>;

/** Milliseconds before a lost agent is looked for again. */
const AGAIN = 1000;
/** How far back one that is named is looked for. */
const LONG_AGO = 31 * 86_400_000;

export function callerOf({ cwd, home, environment }: FrontContext): Caller {
  return { cwd, home, settings: brokerSettings(environment), pid: process.pid };
}

/** What is there now, the oldest first. Throws what the agent could not do. */
export async function listApprovals(
  agent: AgentClient,
  context: FrontContext,
  filter: ApprovalFilter,
): Promise<readonly ApprovalRow[]> {
  const rows = new Map<string, ApprovalRow>();
  const first = { caller: callerOf(context), once: true, ...filter };
  try {
    for await (const message of agent.approvals(first, context.signal)) {
      if (message.type === 'row') rows.set(message.row.id, message.row);
      if (message.type === 'problem') throw BrokerError.from(message.error);
      if (message.type === 'listed') break;
    }
  } catch (error) {
    throw context.signal.aborted ? new BrokerError('interrupted') : error;
  }
  return [...rows.values()].sort((a, b) => (a.asked < b.asked ? -1 : 1));
}

/** The one request whose id is or begins with `id`. Throws `request-unknown` and `request-ambiguous`. */
export async function findApproval(
  agent: AgentClient,
  context: FrontContext,
  id: string,
): Promise<ApprovalRow> {
  const rows = await listApprovals(agent, context, { id, all: true, since: LONG_AGO });
  const found = rows.filter((row) => row.id.startsWith(id));
  const [row, ...more] = found.some((each) => each.id === id)
    ? found.filter((each) => each.id === id)
    : found;
  if (row === undefined || id === '') throw new BrokerError('request-unknown', { id });
  if (more.length === 0) return row;
  const names = found.slice(0, 5).map((each) => each.id);
  throw new BrokerError('request-ambiguous', {
    id,
    found: `${names.join(', ')}${found.length > names.length ? ', …' : ''}`,
  });
}

/** What somebody who stays is told; `began` before each new telling, `trouble` while what was told may be old. */
export type Told =
  | { readonly type: 'began' | 'listed' }
  | { readonly type: 'row'; readonly row: ApprovalRow }
  | { readonly type: 'trouble'; readonly reason: string };

/** Follows the requests until `signal` aborts; an agent that is lost is found or started again. */
export async function* followApprovals(
  context: FrontContext,
  filter: ApprovalFilter,
  signal: AbortSignal,
): AsyncGenerator<Told, void, void> {
  const here = { ...context, signal };
  while (!signal.aborted) {
    try {
      const agent = await openAgent(here);
      yield { type: 'began' };
      for await (const message of agent.approvals({ caller: callerOf(context), ...filter }, signal)) {
        if (message.type === 'row' || message.type === 'listed') yield message;
        else if (message.type === 'problem')
          yield { type: 'trouble', reason: BrokerError.from(message.error).message };
      }
      yield { type: 'trouble', reason: 'the agent stopped; looking for it' };
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = asBrokerError(error);
      const lost = code === 'agent-lost' || code === 'agent-unreachable';
      yield { type: 'trouble', reason: lost ? 'the agent stopped; looking for it' : message };
    }
    await pause(AGAIN, undefined, { signal }).catch(() => undefined);
  }
}
