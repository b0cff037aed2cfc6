// Parts of a session that goes on: what is new in its journal, signed before it ends. Must never take up an event twice.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../flow/seal/index.ts';
import { writeAtomic } from '../lib/atomic-file.ts';
import type { PartRef } from '../model/evidence.ts';
import { MAX_PARTS } from '../model/predicate.ts';

/** Journal bytes and milliseconds after which there is a part; both double each time so many parts have been made. */
const FIRST = { bytes: 4 * 2 ** 20, pause: 300_000, every: 10 } as const;

/** Whether so much that is new, so long after the last word, is worth a part of its own. */
export function partIsDue(made: number, fresh: { readonly bytes: number; readonly since: number }): boolean {
  if (made >= MAX_PARTS || fresh.bytes === 0) return false;
  const scale = 2 ** Math.floor(made / FIRST.every);
  return fresh.bytes >= FIRST.bytes * scale || fresh.since >= FIRST.pause * scale;
}

const fileOf = (folder: string, part: number) => join(folder, `part-${part}.json`);

/** Written before the part is signed, so that whoever finds the part in the chain finds this too. */
export async function keepProgress(folder: string, part: number, progress: Progress): Promise<void> {
  await writeAtomic(fileOf(folder, part), JSON.stringify(progress));
}

/** How far the parts that stand in the chain have come; undefined when there are none. Throws when it was lost. */
export async function progressOf(folder: string, parts: readonly PartRef[]): Promise<Progress | undefined> {
  if (parts.length === 0) return undefined;
  return JSON.parse(await readFile(fileOf(folder, parts.length - 1), 'utf8')) as Progress;
}
