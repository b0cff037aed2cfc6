// One process at a time: a lock whose holder is a live process. Must never be won twice, even when a dead one is taken over.
import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart, sameProcess } from './process.ts';

// The lock is a row of generations, NAME.lock.1, .2, … The highest one counts. Whoever finds its holder dead links the
// next number, which exactly one process can do; nobody ever removes the highest, so a stale look cannot undo a win.
interface Holder {
  readonly pid: number;
  readonly start: string;
  readonly released?: boolean;
}

export interface RowLock {
  /** Lets another process take over while this one lives on. */
  release(): void;
}

/** Undefined for a file of something else. */
function generationOf(file: string, name: string): number | undefined {
  if (!file.startsWith(`${name}.lock.`)) return undefined;
  const digits = file.slice(name.length + 6);
  return /^\d{1,12}$/.test(digits) ? Number(digits) : undefined;
}

function highest(folder: string, name: string): number {
  return Math.max(0, ...readdirSync(folder).map((file) => generationOf(file, name) ?? 0));
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { pid: 0, start: '', released: true };
  }
}

function liveHolder(folder: string, name: string, generation: number): number | undefined {
  if (generation === 0) return undefined;
  const holder = read(join(folder, `${name}.lock.${generation}`));
  if (!holder || holder.released || !sameProcess(holder.pid, holder.start)) return undefined;
  return holder.pid;
}

/** The live holder's process id, or undefined when the lock is free. */
export function lockHolder(folder: string, name: string): number | undefined {
  return liveHolder(folder, name, highest(folder, name));
}

function place(folder: string, file: string, holder: Holder, put: (from: string, to: string) => void): void {
  const draft = join(folder, `.lock-${process.pid}-${randomBytes(6).toString('hex')}`);
  writeFileSync(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  try {
    put(draft, join(folder, file));
  } finally {
    rmSync(draft, { force: true });
  }
}

function link(folder: string, name: string, generation: number, me: Holder): boolean {
  try {
    place(folder, `${name}.lock.${generation}`, me, linkSync);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function sweep(folder: string, name: string, below: number): void {
  for (const file of readdirSync(folder)) {
    if ((generationOf(file, name) ?? below) < below) rmSync(join(folder, file), { force: true });
  }
}

/** The lock called `name` in a folder that only its owner can write. Undefined when another live process holds it, or this one. */
export function takeLock(folder: string, name: string): RowLock | undefined {
  const me: Holder = { pid: process.pid, start: processStart(process.pid) };
  for (;;) {
    const seen = highest(folder, name);
    if (liveHolder(folder, name, seen) !== undefined) return undefined;
    const mine = seen + 1;
    if (!link(folder, name, mine, me)) continue;
    // What we saw may be so old that our number was already swept: then a higher one exists, and it counts.
    if (highest(folder, name) === mine) {
      sweep(folder, name, mine);
      return { release: () => place(folder, `${name}.lock.${mine}`, { ...me, released: true }, renameSync) };
    }
    rmSync(join(folder, `${name}.lock.${mine}`), { force: true });
  }
}
