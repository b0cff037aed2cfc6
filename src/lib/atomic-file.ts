// Files that appear whole or not at all, private to their owner, on the disk when the call returns. Must never follow a link.
import { randomBytes } from 'node:crypto';
import { constants, type PathLike } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Makes a folder's entries durable. Some platforms refuse to sync a folder; there its entries are as durable as it gets. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

/** Creates folders 0700, and makes the last one's name durable. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(dirname(first));
}

export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** True for the name of a file this module was writing when its process died. */
export function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.tmp');
}

/** Opens a new file, 0600; fails when anything has that name. */
export function createExclusive(path: PathLike, mode = 0o600): Promise<FileHandle> {
  return open(path, CREATE, mode);
}

async function writeTemporary(path: string, data: Uint8Array | string, mode: number): Promise<string> {
  const temporary = temporaryName(path);
  const handle = await createExclusive(temporary, mode);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await handle.close();
  return temporary;
}

/** Replaces a file's content in one step. */
export async function writeAtomic(path: string, data: Uint8Array | string, mode = 0o600): Promise<void> {
  const temporary = await writeTemporary(path, data, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Creates a file that must not exist yet, in one step; `exists` leaves what is there alone. */
export async function writeOnce(
  path: string,
  data: Uint8Array | string,
  mode = 0o600,
): Promise<'created' | 'exists'> {
  const temporary = await writeTemporary(path, data, mode);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return 'exists';
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return 'created';
}
