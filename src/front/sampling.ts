// A session that asks a few questions for a command and hands it rows. The values are masked like anybody's; none is printed or kept.

import type { AgentClient } from '../agent/client.ts';
import { EXIT } from '../model/errors.ts';
import { connect, type QueryContext } from './query.ts';
import { openSession } from './session.ts';

/** Runs one statement; rejects with what the broker or the target says. */
export type Ask = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

/** Opens a session on the connection, lets `work` ask, and closes it whatever happens. */
export async function withSession<T>(
  agent: AgentClient,
  context: QueryContext,
  order: { readonly connection: string; readonly reason?: string },
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { cwd, home, environment, signal } = context;
  const session = await openSession(agent, {
    ...order,
    client: 'query',
    port: 0,
    cwd,
    home,
    environment,
    signal,
  });
  let exit: number = EXIT.bug;
  try {
    const client = await connect(session, context);
    const cancel = () => void client.end().catch(() => undefined);
    signal.addEventListener('abort', cancel, { once: true });
    const types = { getTypeParser: () => (value: string) => value };
    const result = await work(async (text) => {
      const config = { text, rowMode: 'array', types } as unknown as import('pg').QueryArrayConfig;
      return (await client.query(config)).rows as (string | null)[][];
    });
    await client.end();
    exit = EXIT.done;
    return result;
  } finally {
    await session.close({ reason: 'the scan ended', exit });
  }
}
