// Puts what calls of language models said of themselves into a session's journal, masked. Must never keep a raw text.
import { hostname, userInfo } from 'node:os';
import type { OpenedSession } from '../../agent/client.ts';
import { openRecorder } from '../../flow/record/journal.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EventData, EventOrigin, Recorder } from '../../model/event.ts';
import type { ModelExchange } from '../../protocols/llm/exchange.ts';

export interface ExchangeJournal {
  /** On its way to the disk when it returns. Throws `journal-failed`. */
  record(exchange: ModelExchange): void;
  close(): Promise<void>;
}

/** Characters kept of one text. */
const MOST = 16_384;
const MOST_NAMES = 256;

function originOf(session: OpenedSession, tool: string, bot: string): EventOrigin {
  const { iss, sub } = session.user;
  return {
    session: session.id,
    recorder: 'front',
    who: { iss, sub, bot, account: session.account },
    where: {
      connection: session.connection,
      protocol: session.protocol,
      address: session.address,
      database: session.database,
    },
    source: { host: hostname(), user: userInfo().username, pid: process.pid, tool },
  };
}

/** What the host and the provider say is as foreign as any answer: masked, and no longer than it must be. */
function eventOf(
  exchange: ModelExchange,
  mask: (text: string) => string,
  prompts: OpenedSession['prompts'],
): EventData['model.exchange'] {
  const { uses, results, said, generated, asked, answered, answer, stop, failure, ...rest } = exchange;
  const short = (text: string) => mask(text.slice(0, MOST_NAMES)).toWellFormed();
  const named = Object.entries({ asked, answered, answer, stop, failure }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, short(text)] as const],
  );
  const texts = Object.entries({ said, generated }).flatMap(([name, text]) =>
    text === undefined || prompts !== 'text'
      ? []
      : [[name, mask(text).slice(0, MOST).toWellFormed()] as const],
  );
  return {
    ...rest,
    ...Object.fromEntries([...named, ...texts]),
    uses: uses.slice(0, MOST_NAMES).map((use) => ({ ...use, id: short(use.id), name: short(use.name) })),
    results: results.slice(0, MOST_NAMES).map(short),
  };
}

/** Opens the front's segment of every session; what is said belongs to all of them. */
export function openExchangeJournal(
  sessions: readonly OpenedSession[],
  about: { readonly clock: Clock; readonly tool: string; readonly bot: string },
  mask: (text: string) => string,
): ExchangeJournal {
  const recorders: readonly (readonly [OpenedSession, Recorder])[] = sessions.map((session) => {
    const origin = originOf(session, about.tool, `${about.bot}@${session.connection}`);
    return [session, openRecorder({ folder: session.spool, origin, clock: about.clock })];
  });
  return {
    record: (exchange) => {
      for (const [{ prompts }, recorder] of recorders) {
        recorder.append('model.exchange', eventOf(exchange, mask, prompts));
        recorder.flush();
      }
    },
    close: async () => {
      for (const [, recorder] of recorders) await recorder.close();
    },
  };
}
