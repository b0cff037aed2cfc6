// Finishes what a broker that was killed had begun with a host's file, forwards or backwards as the file says. Must never take a secret that is still named.
import type { AgentClient } from '../../agent/client.ts';
import { sha256 } from '../../lib/digest.ts';
import { BrokerError } from '../../model/errors.ts';
import { HOSTS } from '../hosts/index.ts';
import { REFERENCES } from './findings.ts';
import { readHostFile, reading, treeOf } from './host-file.ts';
import { launchOf, wrappingOf } from './launch.ts';
import { lockIfFree } from './locks.ts';
import {
  begunRecords,
  type EntryRecord,
  type FileRecord,
  readRecord,
  samePath,
  writeRecord,
} from './record.ts';
import { sweepBeside } from './replace.ts';
import { find, type Path } from './tree.ts';

interface Settled {
  readonly record: FileRecord;
  /** Secrets of entries that are not behind broker. */
  readonly forget: readonly string[];
}

/** Every secret that a text names. */
export function namedIn(text: string): readonly string[] {
  return [...text.matchAll(REFERENCES)].map(([, name = '']) => name);
}

function isWrapped(record: FileRecord, text: string): (path: Path) => boolean {
  const host = HOSTS.find(({ id }) => id === record.begun?.host);
  if (!host) return () => false;
  const root = treeOf(record.file, host.format, text);
  return (path) => {
    const node = reading(record.file, text, () => find(root, path));
    const launch = node && launchOf(node, host.shape);
    return launch !== undefined && wrappingOf(launch) !== undefined;
  };
}

/** The record as the file bears it out. Pure but for reading `text`; throws `host-file-invalid`. */
export function settled(record: FileRecord, text: string): Settled {
  const { begun, made, ...rest } = record;
  if (!begun) return { record, forget: [] };
  const wrapped = isWrapped(record, text);
  const touched = ({ path }: EntryRecord) => begun.entries.some((each) => samePath(each.path, path));
  const entries = [
    ...record.entries.filter((entry) => !touched(entry)),
    ...begun.entries.filter(({ path }) => wrapped(path)),
  ];
  const digest = sha256(text);
  const still = [begun.made, made].find((each) => each?.digest === digest);
  const kept = new Set([...entries.flatMap(({ secrets }) => secrets), ...namedIn(text)]);
  const all = [...record.entries, ...begun.entries].flatMap(({ secrets }) => secrets);
  return {
    record: { ...rest, ...(still ? { made: still } : {}), entries },
    forget: [...new Set(all)].filter((name) => !kept.has(name)),
  };
}

/** Only for the holder of the file's lock. */
export async function mend(state: string, file: string, agent: () => Promise<AgentClient>): Promise<void> {
  const record = readRecord(state, file);
  if (!record.begun) return;
  sweepBeside(file);
  const { text } = readHostFile(file);
  const { record: now, forget } = settled(record, text ?? '');
  // A file that was moved away may come back, and name them.
  if (text === undefined && forget.length > 0) return;
  for (const name of forget) await (await agent()).deleteSecret(name);
  await writeRecord(state, now);
}

/** What nobody is at any more; a file that cannot be read has to wait until it can. */
export async function mendAll(state: string, agent: () => Promise<AgentClient>): Promise<void> {
  for (const { file } of begunRecords(state)) {
    const lock = lockIfFree(state, file);
    try {
      if (lock) await mend(state, file, agent);
    } catch (error) {
      if (!(error instanceof BrokerError) || !error.code.startsWith('host-file-')) throw error;
    } finally {
      lock?.release();
    }
  }
}
