// Files only this user may read: created exclusively, replaced atomically, never through a symbolic link.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeAtomic, writeOnce } from '../../lib/atomic-file.ts';
import { BrokerError } from '../../model/errors.ts';

const { O_NOFOLLOW, O_RDONLY } = constants;
const MAX_BYTES = 4 * 1024 * 1024;

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function unsafe(path: string, reason: string, mend: string): BrokerError {
  return new BrokerError('keychain-unavailable', { reason: `${path} ${reason}` }, { hint: mend });
}

function isOurs(uid: number): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own;
}

/** The folder must be a real folder of ours that nobody else can enter. */
export async function checkFolder(folder: string): Promise<void> {
  const stat = await lstat(folder);
  if (!stat.isDirectory()) throw unsafe(folder, 'is not a folder', `remove ${folder}`);
  if (!isOurs(stat.uid)) throw unsafe(folder, 'belongs to another user', `remove ${folder} as its owner`);
  if ((stat.mode & 0o077) !== 0)
    throw unsafe(folder, 'can be entered by others', `run \`chmod 700 ${folder}\``);
}

/** The file's text; undefined when there is none. */
export async function readPrivate(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP')
      throw unsafe(path, 'is a symbolic link', `look where ${path} leads, then remove it`);
    throw unsafe(path, `cannot be read (${codeOf(error)})`, `check who owns ${path}`);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile() || !isOurs(stat.uid)) throw unsafe(path, 'is not a file of yours', `remove ${path}`);
    if ((stat.mode & 0o077) !== 0) throw unsafe(path, 'can be read by others', `run \`chmod 600 ${path}\``);
    if (stat.size > MAX_BYTES) throw unsafe(path, 'is far too long', `remove ${path}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function failing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw unsafe(
      path,
      `cannot be written (${codeOf(error)})`,
      `free space and check who owns ${dirname(path)}`,
    );
  }
}

/** Old or new after any crash, never half of either. */
export function replaceFile(path: string, text: string): Promise<void> {
  return failing(path, () => writeAtomic(path, text));
}

/** Creates the file whole unless it exists; of several at once exactly one wins. */
export async function createOnce(path: string, text: string): Promise<void> {
  await failing(path, () => writeOnce(path, text));
}

export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw unsafe(path, `cannot be removed (${codeOf(error)})`, `check who owns ${dirname(path)}`);
  }
  await syncFolder(dirname(path));
  return true;
}

/** Moves an unreadable file out of the way; it may still be worth something to somebody. */
export async function setAside(path: string): Promise<void> {
  await failing(path, () => rename(path, `${path}.damaged-${randomBytes(4).toString('hex')}`));
}
