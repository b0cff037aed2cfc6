// Where an export goes: a folder that appears whole or not at all, or standard output. Must never write beside what it was given.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { ExportTarget } from '../../exporters/index.ts';
import { BrokerError } from '../../model/errors.ts';

const PART = /^[A-Za-z0-9=_-][A-Za-z0-9=._-]{0,199}$/;

/** Throws on anything that is not a plain relative name: names come from a store somebody else may have written. */
export function checkName(name: string): string {
  if (!name.split('/').every((part) => PART.test(part)))
    throw new BrokerError('not-verified', {
      what: JSON.stringify(name),
      reason: 'it is no name for an exported file',
    });
  return name;
}

export interface FolderTarget extends ExportTarget {
  /** Gives the folder its name. */
  commit(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Files up to this are written at once: thousands of small ones wait longer for a thread each than for the disk. */
const SMALL = 64 * 1024;

function writeSmall(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    // A full disk takes a part and says so at the next call.
    for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done);
  } finally {
    closeSync(file);
  }
}

/** `folder` must not exist, or be empty. */
export async function folderTarget(folder: string): Promise<FolderTarget> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new BrokerError('usage', {
      reason: `${folder} cannot be used: ${error.message}`,
      command: 'export',
    });
  });
  if (there && there.length > 0)
    throw new BrokerError('usage', { reason: `${folder} is not empty`, command: 'export' });
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(join(dirname(folder), `.${basename(folder)}.`));
  const made = new Set<string>();
  const place = (name: string) => {
    const path = join(draft, checkName(name));
    const above = dirname(path);
    if (!made.has(above)) mkdirSync(above, { recursive: true, mode: 0o700 });
    made.add(above);
    return path;
  };
  return {
    folder: true,
    file: async (name, content, executable = false) => {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      const mode = executable ? 0o700 : 0o600;
      if (bytes.byteLength <= SMALL) writeSmall(place(name), bytes, mode);
      else await writeFile(place(name), bytes, { mode, flag: 'wx' });
    },
    append: async (name, text) => appendFile(place(name), text, { mode: 0o600 }),
    async commit() {
      if (there) await rmdir(folder);
      await rename(draft, folder);
    },
    abandon: () => rm(draft, { recursive: true, force: true }),
  };
}

/** For formats that are one stream. */
export function streamTarget(out: Writable): ExportTarget {
  return {
    folder: false,
    file: () =>
      Promise.reject(new BrokerError('usage', { reason: 'this format needs --output', command: 'export' })),
    append: (_, text) =>
      new Promise((resolve) => {
        if (out.write(text)) resolve();
        else out.once('drain', resolve);
      }),
  };
}
