// A store in a folder: objects appear whole, once, and durable. Must never write outside its folder.
import { randomBytes } from 'node:crypto';
import {
  close as closeWithCallback,
  constants,
  fstat as fstatWithCallback,
  open as openWithCallback,
  read as readWithCallback,
} from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isTemporary, makeFolder, writeOnce } from '../lib/atomic-file.ts';
import { systemClock } from '../lib/clock.ts';
import { ordered } from '../lib/ordered.ts';
import { BrokerError } from '../model/errors.ts';
import type { Store, StoreEntry, StoreKind, StoreProbe } from '../model/store.ts';
import { checkKey } from './key.ts';

const DEFAULT_LIMIT = 1 << 30;
/** Files of one folder that are looked at together. */
const LOOKS = 16;

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

/** What somebody else may have put in the place of a file: a finding about the object, not about the store. */
const NO_FILES: Readonly<Record<string, string>> = {
  ELOOP: 'it is a link, not a file',
  EISDIR: 'it is a folder, not a file',
  ENXIO: 'it is a socket, not a file',
  EAGAIN: 'it is a pipe, not a file',
  ESPIPE: 'it is a pipe, not a file',
};

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
      return await readWhole(path, limit, () => tooLong(key, limit));
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      const odd = NO_FILES[code ?? ''];
      if (odd !== undefined) throw new BrokerError('not-verified', { what: key, reason: odd });
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
    const wanted = (await this.#entries(folder)).filter(
      ({ key, isFolder }) =>
        (key.startsWith(prefix) || (isFolder && prefix.startsWith(key))) &&
        // Everything below a folder that sorts before `after` and does not contain it is done.
        (key > after || (isFolder && after.startsWith(key))),
    );
    const looks = ordered(wanted, LOOKS, async ({ key, isFolder }) => ({
      key,
      found: isFolder ? undefined : await stat(join(this.#root, key)).catch(() => undefined),
    }));
    for await (const { key, found } of looks)
      if (key.endsWith('/')) yield* this.#walk(key, prefix, after);
      else if (found) yield { key, size: found.size, modified: found.mtimeMs };
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

/** Most objects are small: one read that ends early has the whole file, and nobody asks for its size. */
const GUESS = 16 * 1024;

/** By descriptor: a promised file handle costs as much as the reading itself. */
const [openFile, readFrom, statOf, closeFile] = [
  promisify(openWithCallback),
  promisify(readWithCallback),
  promisify(fstatWithCallback),
  promisify(closeWithCallback),
];

async function readWhole(path: string, limit: number, tooLong: () => BrokerError): Promise<Uint8Array> {
  // Whoever opens a pipe waits for its writer, which may never come.
  const file = await openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const start = Buffer.allocUnsafe(GUESS);
    const { bytesRead } = await readFrom(file, start, 0, GUESS, 0);
    if (bytesRead > limit) throw tooLong();
    // A copy of its own length: what is kept does not keep the guess.
    if (bytesRead < GUESS) return Buffer.from(start.subarray(0, bytesRead));
    return await readRest(file, start, limit, tooLong);
  } finally {
    await closeFile(file);
  }
}

async function readRest(file: number, start: Buffer, limit: number, tooLong: () => BrokerError) {
  const { size } = await statOf(file);
  if (size > limit) throw tooLong();
  const whole = Buffer.allocUnsafe(Math.max(size, GUESS));
  start.copy(whole);
  let length = GUESS;
  while (length < whole.length) {
    const { bytesRead } = await readFrom(file, whole, length, whole.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return whole.subarray(0, length);
}

function tooLong(key: string, limit: number): BrokerError {
  return new BrokerError('not-verified', { what: key, reason: `it is longer than ${limit} bytes`, limit });
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
