// The board's rows over the control socket: what is there now, then every change. Must never end because the store is away.
import type { ApprovalRow } from '../../model/approval.ts';
import { toBrokerError } from '../fault.ts';
import type { FromApprovals, ToApprovals } from '../messages.ts';
import { Board } from './board.ts';
import { pace } from './pace.ts';
import type { ApprovalPorts } from './ports.ts';
import type { ReaderTerms } from './row.ts';

export async function* listApprovals(
  ports: Pick<ApprovalPorts, 'clock'> & {
    /** Something new waits while somebody looks on. */
    tell(row: ApprovalRow): void;
  },
  terms: (wish: FromApprovals) => Promise<ReaderTerms>,
  wish: FromApprovals,
  gone: AbortSignal,
): AsyncGenerator<ToApprovals> {
  const reader = await terms(wish);
  const board = new Board(reader, wish);
  let listed = false;
  const told = new Set<string>();
  let problem: string | undefined;
  while (!gone.aborted) {
    try {
      for await (const row of board.look(ports.clock.now())) {
        yield { type: 'row', row };
        if (listed && !told.has(row.id) && row.genuine && !row.own && row.state === 'pending')
          ports.tell(row);
        told.add(row.id);
      }
      problem = undefined;
      if (!listed) yield { type: 'listed' };
      listed = true;
    } catch (error) {
      const failure = toBrokerError(error);
      if (wish.once) throw failure;
      if (problem !== failure.message) yield { type: 'problem', error: failure.toJSON() };
      problem = failure.message;
    }
    if (wish.once) return;
    // Somebody looks at it: it is never as slow as a request that nobody hurries.
    await pace(reader.store.url, 0, gone);
  }
}
