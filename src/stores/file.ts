// A store in a folder: objects appear whole, once, and durable. Must never write outside its folder.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isTemporary, makeFolder, writeOnce } from '../lib/atomic-file.ts';
import { systemClock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { Store, StoreEntry, StoreKind, StoreProbe } from '../model/store.ts';
import { checkKey } from './key.ts';

const DEFAULT_LIMIT = 1 << 30;

function unreachable(store: string, error: unknown): BrokerError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'the folder may not be used by this user',
    ENOSPC: 'its disk is full',
    EROFS: 'its file system is read-only',
    ENOENT: 'the folder does not exist',
    ENOTDIR: 'a part of its path is not a folder',
    EDQUOT: 'its disk quota is used up',
  };
  return new BrokerError(
    'store-unreachable',
    { store, reason: reasons[code ?? ''] ?? message },
    { cause: error },
  );
}

class FolderStore implements Store {
  readonly url: string;
  readonly #root: string;
  readonly #folders = new Set<string>();

  constructor(url: string, root: string) {
    this.url = url;
    this.#root = root;
  }

  async put(key: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const path = join(this.#root, checkKey(key));
    const folder = dirname(path);
    try {
      if (!this.#folders.has(folder)) await makeFolder(folder);
      this.#folders.add(folder);
      return await writeOnce(path, bytes, 0o640);
    } catch (error) {
      this.#folders.delete(folder);
      throw unreachable(this.url, error);
    }
  }

  async get(key: string, limit = DEFAULT_LIMIT): Promise<Uint8Array | undefined> {
    const path = join(this.#root, checkKey(key));
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const { size } = await handle.stat();
        if (size > limit) throw tooLong(key, limit);
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      if (code === 'ELOOP')
        throw new BrokerError('not-verified', { what: key, reason: 'it is a link, not a file' });
      throw unreachable(this.url, error);
    }
  }

  async *list(prefix: string, after = ''): AsyncGenerator<StoreEntry> {
    const at = prefix.lastIndexOf('/') + 1;
    const start = prefix.slice(0, at);
    if (start !== '') checkKey(start.slice(0, -1));
    await stat(this.#root).catch((error: unknown) => {
      throw unreachable(this.url, error);
    });
    yield* this.#walk(start, prefix, after);
  }

  async *#walk(folder: string, prefix: string, after: string): AsyncGenerator<StoreEntry> {
    for (const { key, isFolder } of await this.#entries(folder)) {
      const within = key.startsWith(prefix) || (isFolder && prefix.startsWith(key));
      if (!within) continue;
      if (isFolder) {
        // Everything below a folder that sorts before `after` and does not contain it is done.
        if (key > after || after.startsWith(key)) yield* this.#walk(key, prefix, after);
      } else if (key > after) {
        const found = await stat(join(this.#root, key)).catch(() => undefined);
        if (found) yield { key, size: found.size, modified: found.mtimeMs };
      }
    }
  }

  /** Entries in the order of their keys, a folder's key ending in a slash. */
  async #entries(folder: string): Promise<{ key: string; isFolder: boolean }[]> {
    try {
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true });
      return entries
        .filter(
          (each) => !isTemporary(each.name) && (each.isDirectory() || each.isFile() || each.isSymbolicLink()),
        )
        .map((each) => ({
          key: folder + each.name + (each.isDirectory() ? '/' : ''),
          isFolder: each.isDirectory(),
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unreachable(this.url, error);
    }
  }

  async probe(): Promise<StoreProbe> {
    const key = `v1/probe/${randomBytes(12).toString('hex')}`;
    const before = systemClock.now();
    await this.put(key, Buffer.from('first'));
    const second = await this.put(key, Buffer.from('second'));
    const kept = Buffer.from((await this.get(key)) ?? []).toString() === 'first';
    const { mtimeMs } = await stat(join(this.#root, key));
    await rm(join(this.#root, key), { force: true });
    const conditionalPut = second === 'exists' && kept;
    return {
      conditionalPut,
      checksums: true,
      skew: Math.round(mtimeMs - before),
      problems: conditionalPut ? [] : ['it lets an object be overwritten'],
    };
  }

  async close(): Promise<void> {
    this.#folders.clear();
  }
}

function tooLong(key: string, limit: number): BrokerError {
  return new BrokerError('not-verified', { what: key, reason: `it is longer than ${limit} bytes` });
}

/** `file:/absolute/path` or `file:///absolute/path`. The folder is made at the first put. */
async function openFolder(url: string): Promise<Store> {
  const { pathname, host } = new URL(url);
  if (host !== '' && host !== 'localhost')
    throw new BrokerError('store-unreachable', {
      store: url,
      reason: 'a file: store has no host; write file:/path',
    });
  return new FolderStore(url, resolve(decodeURIComponent(pathname)));
}

export const fileStore: StoreKind = { scheme: 'file:', open: openFolder };
