// What was done to each file, kept so that it can be undone exactly. Must never hold a secret: only where it was and what it is called.
import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../lib/atomic-file.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Path } from './tree.ts';

/** Text as it stood in the file, with references where secrets were. */
export interface Kept {
  readonly text: string;
  /** Name of each secret → how it stood there: as it is, or escaped as in JSON. */
  readonly secrets: Readonly<Record<string, 'plain' | 'escaped'>>;
}

/** One change, and what undoes it. Paths lead from the entry. */
export type Step =
  | { readonly do: 'value'; readonly path: Path; readonly index?: number; readonly was: Kept }
  | { readonly do: 'words'; readonly path: Path; readonly count: number }
  | { readonly do: 'member'; readonly path: Path }
  | { readonly do: 'renamed'; readonly path: Path; readonly was: Kept }
  | { readonly do: 'entry'; readonly text: string };

export interface EntryRecord {
  readonly host: string;
  readonly scope: string;
  /** From the file's root to the entry. */
  readonly path: Path;
  readonly connection: string;
  /** Of what was written; another one means that somebody edited it. */
  readonly digest: string;
  readonly steps: readonly Step[];
  /** Secrets moved into the keychain. */
  readonly secrets: readonly string[];
  /** RFC 3339. */
  readonly at: string;
}

export interface FileRecord {
  readonly version: 1;
  /** The file itself, links followed. */
  readonly file: string;
  /** What was there before broker made it: nothing, or this blank text. */
  readonly made?: { readonly was: string | null; readonly digest: string };
  readonly entries: readonly EntryRecord[];
}

export function recordFolder(state: string): string {
  return join(state, 'mcp-hosts');
}

function pathOf(state: string, file: string): string {
  return join(recordFolder(state), `${sha256(file).slice(0, 16)}.json`);
}

export function backupOf(state: string, file: string): string {
  return join(recordFolder(state), `${sha256(file).slice(0, 16)}.backup`);
}

export function readRecord(state: string, file: string): FileRecord {
  try {
    const record = JSON.parse(readFileSync(pathOf(state, file), 'utf8')) as FileRecord;
    if (record.version === 1 && record.file === file) return record;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { version: 1, file, entries: [] };
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

export async function writeRecord(state: string, record: FileRecord): Promise<void> {
  mkdirSync(recordFolder(state), { recursive: true, mode: 0o700 });
  const path = pathOf(state, record.file);
  if (record.entries.length === 0) await rm(path, { force: true });
  else await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** A copy of the file as it was, with references where secrets were. */
export async function writeBackup(state: string, file: string, text: string): Promise<void> {
  mkdirSync(recordFolder(state), { recursive: true, mode: 0o700 });
  await writeAtomic(backupOf(state, file), text);
}
