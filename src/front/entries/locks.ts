// One broker at a time edits one file: locks by the file itself, whatever links lead to it. Must never be held while a person is asked something new.
import { setTimeout as pause } from 'node:timers/promises';
import { lockHolder, type RowLock, takeLock } from '../../lib/row-lock.ts';
import { BrokerError } from '../../model/errors.ts';
import { madeRecordFolder, markOf } from './record.ts';

const EVERY_MS = 25;
/** Half a minute: the keychain may have to be started. */
const TRIES = 1200;

async function taken(state: string, file: string, signal: AbortSignal): Promise<RowLock> {
  const folder = madeRecordFolder(state);
  const name = markOf(file);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const lock = takeLock(folder, name);
    if (lock) return lock;
    await pause(EVERY_MS);
    if (signal.aborted) throw new BrokerError('interrupted');
  }
  throw new BrokerError('host-file-busy', { file, pid: lockHolder(folder, name) ?? 0 });
}

/** Undefined when another process has the file. */
export function lockIfFree(state: string, file: string): RowLock | undefined {
  return takeLock(madeRecordFolder(state), markOf(file));
}

async function holding<T>(
  state: string,
  files: readonly string[],
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const locks: RowLock[] = [];
  try {
    // Always in the same order: two that want the same files never wait for each other.
    for (const file of [...files].sort()) locks.push(await taken(state, file, signal));
    return await run();
  } finally {
    for (const lock of locks.reverse()) lock.release();
  }
}

export interface Work<P> {
  /** For each file that is held, before anything is planned from it. */
  ready(file: string): Promise<void>;
  /** Throws before anything is changed. */
  plan(): Promise<P>;
  filesOf(plan: P): readonly string[];
  carryOut(plan: P): Promise<void>;
}

/** Plans, takes the files, plans again from what they are now, and carries that out. Throws `host-file-busy`. */
export async function exclusively<P>(state: string, signal: AbortSignal, work: Work<P>): Promise<P> {
  let files = new Set(work.filesOf(await work.plan()));
  for (;;) {
    const done = await holding(state, [...files], signal, async () => {
      for (const file of files) await work.ready(file);
      const plan = await work.plan();
      const wanted = work.filesOf(plan);
      if (!wanted.every((file) => files.has(file))) {
        files = new Set([...files, ...wanted]);
        return undefined;
      }
      await work.carryOut(plan);
      return { plan };
    });
    if (done) return done.plan;
  }
}
