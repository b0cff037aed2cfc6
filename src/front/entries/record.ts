// What was done to each file, kept so that it can be undone exactly. Must never hold a secret: only where it was and what it is called.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../lib/atomic-file.ts';
import { sha256 } from '../../lib/digest.ts';
import { BrokerError } from '../../model/errors.ts';
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

/** What was there before broker made a file: nothing, or this blank text. */
interface Made {
  readonly was: string | null;
  readonly digest: string;
}

export interface FileRecord {
  readonly version: 1;
  /** The file itself, links followed. */
  readonly file: string;
  readonly made?: Made;
  readonly entries: readonly EntryRecord[];
  /** Written before anything is done and gone when it is: entries that come or go. Whether they did, the file says. */
  readonly begun?: { readonly host: string; readonly entries: readonly EntryRecord[]; readonly made?: Made };
}

function recordFolder(state: string): string {
  return join(state, 'mcp-hosts');
}

/** Names the file in the record's folder: its record, its backup, its lock. */
export function markOf(file: string): string {
  return sha256(file).slice(0, 16);
}

function pathOf(state: string, file: string): string {
  return join(recordFolder(state), `${markOf(file)}.json`);
}

/** The folder of records, there. */
export function madeRecordFolder(state: string): string {
  const folder = recordFolder(state);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function parsed(path: string): FileRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const record = JSON.parse(text) as FileRecord;
    if (record.version === 1 && Array.isArray(record.entries)) return record;
  } catch {
    // Said below.
  }
  const reason = 'it is no record of what broker did';
  const hint =
    'move it away; `broker mcp uninstall` then takes broker out of the file it was about as well as it can';
  throw new BrokerError('host-file-invalid', { file: path, line: 1, reason }, { hint });
}

/** Throws `host-file-invalid` when somebody spoilt it. */
export function readRecord(state: string, file: string): FileRecord {
  const record = parsed(pathOf(state, file));
  return record?.file === file ? record : { version: 1, file, entries: [] };
}

/** Of changes that nobody finished, or that somebody is at. */
export function begunRecords(state: string): readonly FileRecord[] {
  let names: string[] = [];
  try {
    names = readdirSync(recordFolder(state));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return names.flatMap((name) => {
    const record = name.endsWith('.json') ? parsed(join(recordFolder(state), name)) : undefined;
    return record?.begun ? [record] : [];
  });
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

export async function writeRecord(state: string, record: FileRecord): Promise<void> {
  madeRecordFolder(state);
  const path = pathOf(state, record.file);
  if (record.entries.length === 0 && !record.begun) await rm(path, { force: true });
  else await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** A copy of the file as it was, with references where secrets were. */
export async function writeBackup(state: string, file: string, text: string): Promise<void> {
  await writeAtomic(join(madeRecordFolder(state), `${markOf(file)}.backup`), text);
}
