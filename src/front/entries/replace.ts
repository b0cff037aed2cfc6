// Puts a new text in the place of a host's file: whole or not at all, with its mode and owner. Must never overwrite what somebody wrote meanwhile.
import { accessSync, constants, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createExclusive, syncFolder, temporaryName } from '../../lib/atomic-file.ts';
import { BrokerError } from '../../model/errors.ts';
import { BOM, bytesOf, type HostFile } from './host-file.ts';

/** System error → what is wrong, and what mends it. */
const UNWRITABLE: Readonly<Record<string, readonly [reason: string, mend: string]>> = {
  EACCES: ['permission denied', 'give yourself the right to write there'],
  EPERM: ['permission denied', 'give yourself the right to write there'],
  EROFS: ['it is on a file system that is read-only', 'make that writable'],
  ENOSPC: ['there is no space left', 'make room'],
  EDQUOT: ['there is no space left for you', 'make room'],
  ENOTDIR: ['a file stands where its folder should be', 'move that away'],
  EEXIST: ['a file stands where its folder should be', 'move that away'],
};

function unwritable(file: string, reason: string, mend: string): BrokerError {
  return new BrokerError('host-file-unwritable', { file, reason, mend });
}

function unchanged(file: HostFile): boolean {
  const now = bytesOf(file.shown, file.path);
  return now === undefined || file.bytes === undefined ? now === file.bytes : now.equals(file.bytes);
}

/** A file that its owner made read-only is not written by putting another in its place, nor is somebody else's. */
function mayReplace({ shown, path }: HostFile, stat: Stats): void {
  const readOnly = unwritable(shown, 'it is read-only', 'make it writable, if it is yours to change');
  if ((stat.mode & 0o222) === 0) throw readOnly;
  try {
    accessSync(path, constants.W_OK);
  } catch {
    throw readOnly;
  }
  const me = process.geteuid?.() ?? stat.uid;
  if (me !== 0 && stat.uid !== me)
    throw unwritable(shown, 'it belongs to another user, and would not any more', 'run this as its owner');
}

async function dress(handle: FileHandle, shown: string, stat: Stats): Promise<void> {
  const now = await handle.stat();
  if (now.uid !== stat.uid || now.gid !== stat.gid)
    await handle.chown(stat.uid, stat.gid).catch(() => {
      throw unwritable(shown, 'its group is not one of yours, and would be lost', 'run this as its owner');
    });
  await handle.chmod(stat.mode & 0o7777);
}

async function put(file: HostFile, text: string): Promise<void> {
  const folder = dirname(file.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stat = file.bytes ? statSync(file.path) : undefined;
  if (stat) mayReplace(file, stat);
  const temporary = temporaryName(file.path);
  const handle = await createExclusive(temporary, 0o600);
  try {
    try {
      await handle.writeFile((file.bom ? BOM : '') + text);
      if (stat) await dress(handle, file.shown, stat);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!unchanged(file)) throw new BrokerError('host-file-changed', { file: file.shown });
    await rename(temporary, file.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function remove(file: HostFile): Promise<void> {
  if (!unchanged(file)) throw new BrokerError('host-file-changed', { file: file.shown });
  await rm(file.path, { force: true });
}

/** Replaces the file; undefined removes it. Throws `host-file-changed`, `host-file-unwritable`; then the file is as it was. */
export async function replaceHostFile(file: HostFile, text: string | undefined): Promise<void> {
  try {
    await (text === undefined ? remove(file) : put(file, text));
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw unwritable(file.shown, ...(UNWRITABLE[code] ?? ([message, 'see what is there'] as const)));
  }
}

/** What a process that was killed had begun to write beside `path`. Only for the holder of the file's lock. */
export function sweepBeside(path: string): void {
  const begins = `.${basename(path)}.`;
  let names: string[];
  try {
    names = readdirSync(dirname(path));
  } catch {
    return;
  }
  for (const name of names)
    if (name.startsWith(begins) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(begins.length)))
      rmSync(join(dirname(path), name), { force: true });
}
