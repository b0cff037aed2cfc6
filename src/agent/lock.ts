// One agent per runtime folder: a lock whose holder is a live process. Must never be won twice, even when a dead one is taken over.
import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from './fault.ts';
import { processStart, sameProcess } from './process.ts';

// The lock is a row of generations, agent.lock.1, .2, … The highest one counts. Whoever finds its holder dead links the
// next number, which exactly one process can do; nobody ever removes the highest, so a stale look cannot undo a win.
const NAME = /^agent\.lock\.(\d{1,12})$/;

interface Holder {
  readonly pid: number;
  readonly start: string;
  readonly released?: boolean;
}

export interface AgentLock {
  /** Lets another process take over while this one lives on. */
  release(): void;
}

function highest(folder: string): number {
  const numbers = readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    return { pid: 0, start: '', released: true };
  }
}

function liveHolder(folder: string, generation: number): number | undefined {
  if (generation === 0) return undefined;
  const holder = read(join(folder, `agent.lock.${generation}`));
  if (!holder || holder.released || !sameProcess(holder.pid, holder.start)) return undefined;
  return holder.pid;
}

/** The live holder's process id, or undefined when the lock is free. */
export function lockHolder(folder: string): number | undefined {
  return liveHolder(folder, highest(folder));
}

function place(folder: string, name: string, holder: Holder, put: (from: string, to: string) => void): void {
  const draft = join(folder, `.lock-${process.pid}-${randomBytes(6).toString('hex')}`);
  writeFileSync(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  try {
    put(draft, join(folder, name));
  } finally {
    rmSync(draft, { force: true });
  }
}

function link(folder: string, generation: number, me: Holder): boolean {
  try {
    place(folder, `agent.lock.${generation}`, me, linkSync);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function sweep(folder: string, below: number): void {
  for (const file of readdirSync(folder)) {
    const number = Number(NAME.exec(file)?.[1] ?? below);
    if (number < below) rmSync(join(folder, file), { force: true });
  }
}

/** Undefined when another live agent holds the lock. */
export function takeLock(folder: string): AgentLock | undefined {
  const me: Holder = { pid: process.pid, start: processStart(process.pid) };
  for (;;) {
    const seen = highest(folder);
    if (liveHolder(folder, seen) !== undefined) return undefined;
    const mine = seen + 1;
    if (!link(folder, mine, me)) continue;
    // What we saw may be so old that our number was already swept: then a higher one exists, and it counts.
    if (highest(folder) === mine) {
      sweep(folder, mine);
      return { release: () => place(folder, `agent.lock.${mine}`, { ...me, released: true }, renameSync) };
    }
    rmSync(join(folder, `agent.lock.${mine}`), { force: true });
  }
}
