// Where a replay comes from: a recording file, or a session's sealed recordings in the store, held to their digests.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CastEvent, CastHeader } from '../lib/asciicast.ts';
import type { Said } from '../lib/tape.ts';
import { BrokerError } from '../model/errors.ts';
import type { CommandContext } from './command.ts';
import type { Facts } from './evidence/tape.ts';

export interface Recording {
  /** What to call it in messages. */
  readonly name: string;
  items(): AsyncGenerator<CastHeader | CastEvent>;
}

export interface Recorded {
  readonly recordings: readonly Recording[];
  /** What ran, and whose session it was; asked for only where it is shown. */
  said(): Promise<readonly Said[]>;
  readonly facts: Facts;
}

const MAX_BLOB = 2 ** 30;
const TRANSCRIPT = /^transcript(?:-\d{1,6})?\.cast\.gz$/;

async function* read(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<CastHeader | CastEvent> {
  const { CastError, readCast } = await import('../lib/asciicast.ts');
  try {
    yield* readCast(chunks);
  } catch (error) {
    const { InflateLimit } = await import('../lib/gzip.ts');
    const malformed = error instanceof CastError || error instanceof InflateLimit;
    if (!malformed && !String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
    const reason = `${name} is not a recording: ${(error as Error).message}`;
    throw new BrokerError('usage', { reason, command: 'replay' });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function fromStore(context: CommandContext, session: string): Promise<Recorded> {
  const [{ findSession, openEvidence }, { blobKey }, { sha256 }, { factsOf, saidIn }] = await Promise.all([
    import('./evidence.ts'),
    import('../model/bundle.ts'),
    import('../lib/digest.ts'),
    import('./evidence/tape.ts'),
  ]);
  const { store } = await openEvidence(context);
  try {
    const listed = await findSession(store, session, context.clock.now());
    const { subjects } = listed;
    const recordings: Recording[] = [];
    for (const { name, digest } of subjects.filter((subject) => TRANSCRIPT.test(subject.name))) {
      const key = blobKey(digest.sha256);
      const bytes = await store.get(key, MAX_BLOB);
      if (bytes === undefined)
        throw new BrokerError('not-verified', { what: key, reason: 'it is not there' });
      if (sha256(bytes) !== digest.sha256)
        throw new BrokerError('not-verified', { what: key, reason: 'its bytes have another digest' });
      recordings.push({ name, items: () => read(name, once(bytes)) });
    }
    const said = async () => {
      const again = (await openEvidence(context)).store;
      try {
        return await saidIn(again, listed);
      } finally {
        await again.close();
      }
    };
    return { recordings, said, facts: factsOf(listed) };
  } finally {
    await store.close();
  }
}

/** Recordings of what was named, in the order they were made. A name with a dot or a slash in it is a file's. */
export async function recordingsOf(context: CommandContext, what: string): Promise<Recorded> {
  if (!/[./\\]/.test(what)) {
    const recorded = await fromStore(context, what);
    if (recorded.recordings.length > 0) return recorded;
    const reason = `session ${what} has no terminal recording, or it is not sealed yet`;
    const hint = `see what ran with \`broker sessions show ${what}\``;
    throw new BrokerError('usage', { reason, command: 'replay' }, { hint });
  }
  const path = resolve(context.cwd, what);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new BrokerError('usage', { reason: `there is no file ${what}`, command: 'replay' });
  const recordings = [{ name: what, items: () => read(what, createReadStream(path)) }];
  return { recordings, said: async () => [], facts: [['file', what]] };
}
