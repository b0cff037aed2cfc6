// The agent's way to the store: opened late, probed once, its identity remembered for offline days. Must never use an unsafe store unasked.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../lib/atomic-file.ts';
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import type { StoreSettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { Store, StoreProbe } from '../model/store.ts';
import { IDENTITY_KEY, identifyStore, openStore, type StoreIdentity } from '../stores/index.ts';

export interface StoreLinkOptions {
  readonly url: string;
  /** Accept what the probe calls unsafe (`store.unsafe`). */
  readonly unsafe: boolean;
  readonly retention?: StoreSettings['retention'];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** State folder of the agent; must exist. */
  readonly folder: string;
}

/** What is remembered of a store: who it is, and what it cannot do. */
interface Memory extends StoreIdentity {
  readonly url: string;
  readonly problems: readonly string[];
}

export class StoreLink {
  readonly url: string;
  readonly #options: StoreLinkOptions;
  readonly #path: string;
  #opening: Promise<Store> | undefined;
  #memory: Memory | undefined;
  #identifying: Promise<Memory> | undefined;

  constructor(options: StoreLinkOptions) {
    this.url = options.url;
    this.#options = options;
    this.#path = join(options.folder, `store-${sha256(options.url).slice(0, 16)}.json`);
  }

  /** The store itself, identified and probed. Throws `store-unreachable` or `store-unsafe`. */
  async store(): Promise<Store> {
    await this.identity();
    return this.#open();
  }

  /** The store, once it has shown that it is the one it was: a folder whose disk is not mounted looks like a new one. */
  async confirmed(): Promise<Store> {
    const { id } = await this.identity();
    const store = await this.#open();
    const bytes = await store.get(IDENTITY_KEY, 4096);
    if (bytes && (await identifyStore(store)).id === id) return store;
    const reason = bytes ? 'it is another store than before' : `its ${IDENTITY_KEY} is gone`;
    const hint = 'mount or restore it: what waits is kept; a new store needs another address in store.url';
    throw new BrokerError('store-unreachable', { store: this.url, reason }, { hint });
  }

  /** Needs the store once; afterwards the disk remembers. */
  async identity(): Promise<StoreIdentity> {
    return this.#remember();
  }

  /** What the probe found wrong with an accepted store. */
  get problems(): readonly string[] {
    return this.#memory?.problems ?? [];
  }

  #open(): Promise<Store> {
    this.#opening ??= openStore(this.url, this.#options.environment, this.#options).catch(
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #remember(): Promise<Memory> {
    this.#memory ??= await this.#recall();
    if (this.#memory) return this.#accept(this.#memory);
    this.#identifying ??= this.#meet().finally(() => {
      this.#identifying = undefined;
    });
    this.#memory = await this.#identifying;
    return this.#memory;
  }

  async #recall(): Promise<Memory | undefined> {
    try {
      const memory = JSON.parse(await readFile(this.#path, 'utf8')) as Memory;
      const whole =
        memory.url === this.url && typeof memory.id === 'string' && typeof memory.hashSalt === 'string';
      return whole && Array.isArray(memory.problems) ? memory : undefined;
    } catch {
      // Absent or unreadable: the store is asked again.
      return undefined;
    }
  }

  async #meet(): Promise<Memory> {
    const store = await this.#open();
    const probe: StoreProbe = await store.probe();
    const memory: Memory = { ...(await identifyStore(store, true)), url: this.url, problems: probe.problems };
    this.#accept(memory);
    await writeAtomic(this.#path, `${canonical(memory)}\n`);
    return memory;
  }

  #accept(memory: Memory): Memory {
    const [first] = memory.problems;
    if (first !== undefined && !this.#options.unsafe)
      throw new BrokerError('store-unsafe', { store: this.url, reason: memory.problems.join('; ') });
    return memory;
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    await (await opening?.catch(() => undefined))?.close();
  }
}
