// What each tool of a server was when it was first seen, kept between runs. Must never trust by itself what has changed.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../lib/digest.ts';
import { jcs, jcsDigest } from '../../lib/jcs.ts';
import { lockHolder, takeLock } from '../../lib/row-lock.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Members } from '../../protocols/mcp/index.ts';

export interface Pin {
  /** SHA-256 hex of the canonical definition. */
  readonly digest: string;
  /** Digest of each member of the definition: tells what changed. */
  readonly members: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly seen: string;
  readonly flags: readonly string[];
  /** What it is now, when that is something else; the tool cannot be used until a person trusts it. */
  readonly changed?: {
    readonly digest: string;
    readonly members: Pin['members'];
    readonly seen: string;
    readonly flags: readonly string[];
  };
}

export interface PinFile {
  readonly version: 1;
  readonly id: string;
  readonly connection: string;
  /** The server's program, for people; its arguments may hold secrets. */
  readonly program: string;
  readonly tools: Readonly<Record<string, Pin>>;
}

/** Not seen by models, and free to differ from one list to the next. */
const UNPINNED = new Set(['_meta', 'icons']);

export type Seen = 'new' | 'same' | 'changed';

/** Where the pins of this user's servers are kept. */
export function pinFolder(state: string): string {
  return join(state, 'mcp');
}

function membersOf(tool: Members): Record<string, string> {
  const seen = Object.entries(tool).filter(([name]) => !UNPINNED.has(name));
  return Object.fromEntries(seen.map(([name, value]) => [name, sha256(jcs(value))]));
}

/** The server is the same as long as it is started in the same way for the same connection. */
export function serverId(connection: string, command: readonly string[]): string {
  return jcsDigest([connection, ...command]).slice(0, 12);
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

export function readPins(folder: string, id: string): PinFile | undefined {
  if (!/^[0-9a-f]{12}$/.test(id)) return undefined;
  try {
    const file = JSON.parse(readFileSync(fileOf(folder, id), 'utf8')) as PinFile;
    return file.version === 1 && file.id === id ? file : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file in one step. */
export function writePins(folder: string, file: PinFile): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${file.id}.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(folder, file.id));
}

export function allPins(folder: string): readonly PinFile[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /^[0-9a-f]{12}\.json$/.test(name));
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => readPins(folder, name.slice(0, -5)) ?? []);
}

/** The definition's members that differ, in words. */
export function changesOf({ members, changed }: Pin): string {
  const names = new Set([...Object.keys(members), ...Object.keys(changed?.members ?? {})]);
  const differing = [...names].filter((name) => members[name] !== changed?.members[name]).sort();
  return `its ${differing.join(', ') || 'definition'} changed`;
}

/** A tool as its server tells it now. */
type Told = Pick<Pin, 'digest' | 'members' | 'flags'> & { readonly name: string };

const EVERY_MS = 5;
/** Two seconds: who holds the lock writes one file, and waits for nothing meanwhile. */
const TRIES = 400;

/** One process at a time changes a server's pins: what another one has seen must not be lost. */
function locked<T>(folder: string, id: string, change: () => T): T {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < TRIES; tries += 1) {
    const lock = takeLock(folder, id);
    if (!lock) {
      Atomics.wait(pause, 0, 0, EVERY_MS);
      continue;
    }
    try {
      return change();
    } finally {
      lock.release();
    }
  }
  throw new BrokerError('pins-busy', { server: id, pid: lockHolder(folder, id) ?? 0 });
}

export class Pins {
  readonly #folder: string;
  readonly #start: Omit<PinFile, 'tools' | 'version'>;
  #tools: Record<string, Pin>;

  constructor(folder: string, start: Omit<PinFile, 'tools' | 'version'>) {
    this.#folder = folder;
    this.#start = start;
    this.#tools = { ...readPins(folder, start.id)?.tools };
  }

  get id(): string {
    return this.#start.id;
  }

  get size(): number {
    return Object.keys(this.#tools).length;
  }

  get(name: string): Pin | undefined {
    return Object.hasOwn(this.#tools, name) ? this.#tools[name] : undefined;
  }

  /** Takes note of tools as the server tells them now. `flags` say what is suspicious about each. Throws `pins-busy`. */
  see(
    tools: ReadonlyMap<string, { readonly tool: Members; readonly flags: readonly string[] }>,
    now: string,
  ): Map<string, Seen> {
    const told = [...tools].map(([name, { tool, flags }]): Told => {
      const members = membersOf(tool);
      return { name, digest: jcsDigest(members), members, flags };
    });
    const looked = this.#compare(told, now);
    if (looked.news.length === 0) return looked.seen;
    // Another front may have seen more since, or a person trusted one: nothing of either may be lost.
    return locked(this.#folder, this.id, () => {
      const { seen, news } = this.#compare(told, now);
      for (const [name, pin] of news) this.#set(name, pin);
      if (news.length > 0) writePins(this.#folder, { version: 1, ...this.#start, tools: this.#tools });
      return seen;
    });
  }

  /** What the pins are now, and what those become that are not as they are pinned. */
  #compare(told: readonly Told[], now: string): { seen: Map<string, Seen>; news: [string, Pin][] } {
    this.#tools = { ...this.#tools, ...readPins(this.#folder, this.id)?.tools };
    const seen = new Map<string, Seen>();
    const news: [string, Pin][] = [];
    for (const { name, digest, members, flags } of told) {
      const pin = this.get(name);
      const state = !pin ? 'new' : pin.digest === digest ? 'same' : 'changed';
      seen.set(name, state);
      if (!pin) news.push([name, { digest, members, seen: now, flags }]);
      else if (state === 'changed' && pin.changed?.digest !== digest)
        news.push([name, { ...pin, changed: { digest, members, seen: now, flags } }]);
      else if (state === 'same' && pin.changed) {
        const { changed: _, ...kept } = pin;
        news.push([name, kept]);
      }
    }
    return { seen, news };
  }

  #set(name: string, pin: Pin): void {
    Object.defineProperty(this.#tools, name, {
      value: pin,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}

/** A person trusts what the server tells now; all tools that changed when no name is given. Returns the names. Throws `pins-busy`. */
export function trustPins(folder: string, id: string, name?: string): string[] {
  if (!readPins(folder, id)) return [];
  return locked(folder, id, () => {
    const file = readPins(folder, id);
    const tools = { ...file?.tools };
    const trusted: string[] = [];
    for (const [tool, pin] of Object.entries(tools)) {
      if (!pin.changed || (name !== undefined && name !== tool)) continue;
      tools[tool] = { ...pin.changed };
      trusted.push(tool);
    }
    if (file && trusted.length > 0) writePins(folder, { ...file, tools });
    return trusted;
  });
}
