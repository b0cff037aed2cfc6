// Puts what calls of language models said of themselves into a session's journal, masked. Must never keep a raw text.
import { hostname, userInfo } from 'node:os';
import type { OpenedSession } from '../../agent/client.ts';
import { createScanner } from '../../detectors/index.ts';
import { DocumentMasker } from '../../flow/mask/document.ts';
import { openRecorder } from '../../flow/record/journal.ts';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { jcsDigest } from '../../lib/jcs.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EventData, EventOrigin, Recorder } from '../../model/event.ts';
import type { ModelExchange, ToolUse } from '../../protocols/llm/exchange.ts';

export interface ExchangeJournal {
  /** On its way to the disk when it returns. Throws `journal-failed`. */
  record(exchange: ModelExchange): void;
  close(): Promise<void>;
}

/** Characters kept of one text. */
const MOST = 16_384;
const MOST_NAME = 256;
const MOST_USES = 256;
const MOST_TEXTS = 16;

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

function maskerOf({ connection, terms }: OpenedSession): DocumentMasker {
  if (!terms) throw new BrokerError('bug', { reason: `the session on ${connection} came without its terms` });
  const { masking } = terms.connection;
  return new DocumentMasker({
    scanner: createScanner(masking.detectors),
    // What is recorded is for others than the one who may see it.
    revealed: new Set(),
    strategies: masking.strategies,
    hashKey: Buffer.from(terms.hashKey ?? '', 'base64'),
  });
}

/** Same by digest is same by text, as far as it is shown: a digest of a raw value could be guessed. */
function useOf(
  { id, name, arguments: given }: ToolUse,
  masker: DocumentMasker,
  short: (text: string) => string,
) {
  const use = { id: short(id), name: short(name) };
  if (given === undefined) return use;
  try {
    const masked = masker.mask(given).value;
    const own = typeof masked === 'object' && masked !== null ? Object.values(masked) : [masked];
    const texts = own.filter((each): each is string => typeof each === 'string').slice(0, MOST_TEXTS);
    return { ...use, arguments: jcsDigest(masked), texts: texts.map((each) => sha256(each)) };
  } catch {
    // Half a surrogate pair has no canonical form, and nothing to be compared with.
    return use;
  }
}

/** What the host and the provider say is as foreign as any answer: masked, and no longer than it must be. */
function eventOf(
  exchange: ModelExchange,
  masker: DocumentMasker,
  prompts: OpenedSession['prompts'],
): EventData['model.exchange'] {
  const { uses, results, said, generated, asked, answered, answer, stop, failure, ...rest } = exchange;
  const short = (text: string) => masker.text(text.slice(0, MOST_NAME)).toWellFormed();
  const named = Object.entries({ asked, answered, answer, stop, failure }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, short(text)] as const],
  );
  const texts = Object.entries({ said, generated }).flatMap(([name, text]) =>
    text === undefined || prompts !== 'text'
      ? []
      : [[name, masker.text(text).slice(0, MOST).toWellFormed()] as const],
  );
  return {
    ...rest,
    ...Object.fromEntries([...named, ...texts]),
    uses: uses.slice(0, MOST_USES).map((use) => useOf(use, masker, short)),
    results: results.slice(0, MOST_USES).map(short),
  };
}

/** Opens the front's segment of every session; what is said belongs to all of them. */
export function openExchangeJournal(
  sessions: readonly OpenedSession[],
  about: { readonly clock: Clock; readonly tool: string; readonly bot: string },
): ExchangeJournal {
  const books = sessions.map((session) => {
    const origin = originOf(session, about.tool, `${about.bot}@${session.connection}`);
    const recorder: Recorder = openRecorder({ folder: session.spool, origin, clock: about.clock });
    return { prompts: session.prompts, masker: maskerOf(session), recorder };
  });
  return {
    record: (exchange) => {
      for (const { prompts, masker, recorder } of books) {
        recorder.append('model.exchange', eventOf(exchange, masker, prompts));
        recorder.flush();
      }
    },
    close: async () => {
      for (const { recorder } of books) await recorder.close();
    },
  };
}
