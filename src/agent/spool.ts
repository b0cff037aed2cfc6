// What the ledger keeps in a session's spool folder, so that any later agent can seal it. Must never hold a secret.
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeAtomic } from '../lib/atomic-file.ts';
import { canonical, parseCanonical } from '../lib/canonical.ts';
import type { Predicate, SessionSummary, Subject } from '../model/evidence.ts';
import { SEGMENT_NAME, TRANSCRIPT_NAME } from '../model/segment.ts';
import type { Actor } from './evidence.ts';

const SESSION_FILE = 'session.json';

export interface SpooledSession {
  readonly session: Omit<SessionSummary, 'closed' | 'end' | 'exit' | 'counts'>;
  readonly actor: Actor;
  readonly policy: NonNullable<Predicate['policy']>;
  /** Blobs the `open` statement vouched for that belong to the session as well. */
  readonly subjects: readonly Subject[];
  /** Writer in whose chain the `open` stands. */
  readonly writer: string;
}

export async function writeSpooled(folder: string, session: SpooledSession): Promise<void> {
  await writeAtomic(join(folder, SESSION_FILE), `${canonical(session)}\n`);
}

/** Undefined when the session was never opened; throws when the file cannot be read as one. */
export async function readSpooled(folder: string): Promise<SpooledSession | undefined> {
  try {
    const text = await readFile(join(folder, SESSION_FILE), 'utf8');
    return parseCanonical(text.trimEnd()) as unknown as SpooledSession;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Folders of the spool by session id, which is their name. */
export async function spooledFolders(root: string): Promise<Map<string, string>> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    const folders = entries.filter((each) => each.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1));
    return new Map(folders.map((each) => [each.name, join(root, each.name)]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

/** Whether anything was recorded at all. */
export async function hasRecording(folder: string): Promise<boolean> {
  return (await readdir(folder)).some((name) => SEGMENT_NAME.test(name) || TRANSCRIPT_NAME.test(name));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await syncFolder(dirname(folder)).catch(() => undefined);
}

export function sessionOf(folder: string): string {
  return basename(folder);
}
