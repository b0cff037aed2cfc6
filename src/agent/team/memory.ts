// The newest version of a team's policy that counted here, kept across restarts. Must never go back to an older one.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeAtomic } from '../../lib/atomic-file.ts';
import { sha256 } from '../../lib/digest.ts';
import type { ApprovalStrength } from '../../model/approval.ts';
import { BrokerError } from '../../model/errors.ts';
import type { User } from '../../model/principal.ts';
import { hasCode } from '../fault.ts';

/** A version that passed every check. */
export interface Accepted {
  readonly version: number;
  readonly key: string;
  /** SHA-256 hex of the file; the file itself, base64: whoever publishes next puts it back where it was removed. */
  readonly digest: string;
  readonly file: string;
  /** SHA-256 hex of the policies, and the policies. */
  readonly policy: string;
  readonly files: Readonly<Record<string, string>>;
  readonly signer: Pick<User, 'iss' | 'sub' | 'name' | 'email' | 'groups'>;
  /** RFC 3339. */
  readonly time: string;
  readonly reason?: string;
  readonly strength: ApprovalStrength;
}

export interface Memory {
  /** Id of the store. */
  readonly store: string;
  readonly accepted?: Accepted;
  /** The version whose coming into force was last signed into the ledger; 0 before the first. */
  readonly recorded: number;
  /** Refusals that were signed into the ledger: `key digest step`. */
  readonly told: readonly string[];
}

const FORMAT = 1;
/** Refusals remembered; the oldest are told again. */
const TOLD = 200;

export class MemoryFile {
  readonly #folder: string;
  readonly #path: string;
  #memory: Memory;

  private constructor(folder: string, path: string, memory: Memory) {
    this.#folder = folder;
    this.#path = path;
    this.#memory = memory;
  }

  /** Throws when there is a memory that cannot be read: to forget is to let an older policy come back. */
  static async open(folder: string, store: string): Promise<MemoryFile> {
    const path = join(folder, `${store}.json`);
    return new MemoryFile(folder, path, await recall(path, store));
  }

  get now(): Memory {
    return this.#memory;
  }

  async keep(change: Partial<Omit<Memory, 'store'>>): Promise<void> {
    const memory = { ...this.#memory, ...change, told: (change.told ?? this.#memory.told).slice(-TOLD) };
    const text = JSON.stringify(memory);
    await makeFolder(this.#folder);
    await writeAtomic(this.#path, JSON.stringify({ format: FORMAT, digest: sha256(text), text }));
    this.#memory = memory;
  }
}

async function recall(path: string, store: string): Promise<Memory> {
  let kept: string;
  try {
    kept = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { store, recorded: 0, told: [] };
    throw error;
  }
  try {
    const { format, digest, text } = JSON.parse(kept) as Record<string, unknown>;
    if (format !== FORMAT || typeof text !== 'string' || sha256(text) !== digest) throw new Error('altered');
    const memory = JSON.parse(text) as Memory;
    if (memory.store !== store) throw new Error('of another store');
    return memory;
  } catch (error) {
    const hint = `look who changed it; without ${path} any version that a signer ever published counts again`;
    const reason = `what was kept of it here is not readable: ${(error as Error).message}`;
    throw new BrokerError('not-verified', { what: path, reason }, { hint });
  }
}
