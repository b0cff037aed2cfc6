// Uploads what waits: per writer in chain order, blobs first, statement last. Must never drop a file the store does not hold.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import { blobKey } from '../model/bundle.ts';
import { BrokerError } from '../model/errors.ts';
import type { StatementKind } from '../model/evidence.ts';
import type { Store } from '../model/store.ts';
import type { Backlog } from './evidence.ts';
import { type LoadedStatement, Pending, type PendingStatement } from './pending.ts';
import type { StoreLink } from './store-link.ts';

export interface OutboxOptions {
  readonly folder: string;
  readonly link: StoreLink;
  readonly clock: Clock;
  /** First and longest pause between tries, milliseconds. */
  readonly pause?: { readonly first: number; readonly longest: number };
}

const KNOWN_LIMIT = 4096;

export class Outbox {
  readonly pending: Pending;
  readonly #link: StoreLink;
  readonly #clock: Clock;
  readonly #pause: { readonly first: number; readonly longest: number };
  /** Digests this process has seen in the store. */
  readonly #stored = new Set<string>();
  /** Blobs put in here whose statement is still being signed. */
  readonly #held = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #round: Promise<boolean> | undefined;
  #again = false;
  #failures = 0;
  #problem: Backlog['problem'];

  constructor(options: OutboxOptions) {
    this.pending = new Pending(options.folder);
    this.#link = options.link;
    this.#clock = options.clock;
    this.#pause = options.pause ?? { first: 1_000, longest: 300_000 };
  }

  /** Sweeps leftovers of a killed process. Call once, before anything else uses the outbox. */
  async load(): Promise<void> {
    await this.pending.prepare();
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** Stops after the object that is on its way. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Keeps blobs from being swept until the statement that names them waits too. */
  hold(digest: string): () => void {
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    return () => {
      const left = (this.#held.get(digest) ?? 1) - 1;
      if (left > 0) this.#held.set(digest, left);
      else this.#held.delete(digest);
    };
  }

  /** True when the last try reached the store. */
  get reachable(): boolean {
    return this.#problem === undefined;
  }

  async add(writer: string, seq: number, kind: StatementKind, bytes: Uint8Array): Promise<void> {
    await this.pending.addStatement(writer, seq, kind, bytes);
  }

  /** Tries at once, in the background. */
  wake(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    void this.#drain().then((empty) => {
      if (this.#running && !empty) this.#schedule();
    });
  }

  /** Uploads now; true when nothing waits any more, false when it could not, or not within `limit` milliseconds. */
  async flush(limit = 30_000): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limit);
    });
    try {
      return await Promise.race([this.#drain(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async backlog(): Promise<Backlog> {
    const waiting: PendingStatement[] = [];
    for (const writer of await this.pending.writers())
      waiting.push(...(await this.pending.statements(writer)));
    const blobs = await this.pending.blobsWaiting();
    let bytes = waiting.reduce((sum, each) => sum + each.size, 0);
    for (const digest of blobs) bytes += (await this.pending.blobSize(digest)) ?? 0;
    const oldest = Math.min(...waiting.map((each) => each.since));
    return {
      statements: waiting.length,
      blobs: blobs.length,
      bytes,
      ...(waiting.length > 0 ? { oldest } : {}),
      ...(this.#problem ? { problem: this.#problem } : {}),
    };
  }

  #schedule(): void {
    const pause = Math.min(this.#pause.first * 2 ** Math.min(this.#failures - 1, 20), this.#pause.longest);
    this.#timer = setTimeout(() => this.wake(), pause);
    this.#timer.unref();
  }

  /** One round at a time; a call during a round gets a round of its own afterwards, so that nothing added is missed. */
  #drain(): Promise<boolean> {
    if (this.#round) {
      this.#again = true;
      return this.#round;
    }
    this.#round = this.#rounds().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #rounds(): Promise<boolean> {
    do {
      this.#again = false;
      try {
        await this.#uploadAll();
        this.#failures = 0;
        this.#problem = undefined;
      } catch (error) {
        this.#fail(error);
        return false;
      }
    } while (this.#again);
    return true;
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    const known =
      error instanceof BrokerError ? error : new BrokerError('bug', { reason: (error as Error).message });
    const since = this.#problem?.since ?? this.#clock.now();
    this.#problem = { code: known.code, message: known.message, since };
  }

  async #uploadAll(): Promise<void> {
    const writers = await this.pending.writers();
    // Asked once a round, when there is something to put: what is put into another store is lost to this one.
    let confirmed: Promise<Store> | undefined;
    const store = () => {
      confirmed ??= this.#link.confirmed();
      return confirmed;
    };
    let first: unknown;
    for (const writer of writers) {
      try {
        await this.#uploadWriter(writer, store);
      } catch (error) {
        // One writer's trouble does not hold up another's evidence.
        first ??= error;
      }
    }
    if (first) throw first;
  }

  async #uploadWriter(writer: string, confirmed: () => Promise<Store>): Promise<void> {
    for (const each of await this.pending.statements(writer)) {
      const store = await confirmed();
      const loaded = await this.pending.load(each);
      for (const { digest } of loaded.statement.subject) await this.#putBlob(store, digest.sha256);
      await this.#putStatement(store, loaded);
      await this.pending.removeStatement(each);
      await this.#sweep(loaded);
    }
  }

  async #putBlob(store: Store, digest: string): Promise<void> {
    // A blob that does not wait here went up with an earlier statement.
    if (this.#stored.has(digest) || (await this.pending.blobSize(digest)) === undefined) return;
    const bytes = await readFile(this.pending.blobPath(digest));
    if (sha256(bytes) !== digest)
      throw new BrokerError('not-verified', {
        what: `blob ${digest}`,
        reason: 'the outbox file has changed',
      });
    const key = blobKey(digest);
    if ((await store.put(key, bytes)) === 'exists') {
      const there = await store.get(key, bytes.byteLength);
      if (!there || sha256(there) !== digest)
        throw new BrokerError('not-verified', {
          what: key,
          reason: 'the store holds something else under this key',
        });
    }
    if (this.#stored.size >= KNOWN_LIMIT) this.#stored.clear();
    this.#stored.add(digest);
  }

  async #putStatement(store: Store, loaded: LoadedStatement): Promise<void> {
    const { key } = loaded.statement.predicate;
    await store.put(key, loaded.bytes);
    // Read back what the store gives: only that counts as stored.
    const there = await store.get(key, loaded.bytes.byteLength);
    if (!there || sha256(there) !== loaded.digest)
      throw new BrokerError('not-verified', {
        what: key,
        reason: 'the store holds something else under this key',
      });
  }

  async #sweep(done: LoadedStatement): Promise<void> {
    const waiting = await this.pending.blobsWaiting();
    const mine = done.statement.subject
      .map((each) => each.digest.sha256)
      .filter((each) => waiting.includes(each));
    if (mine.length === 0) return;
    const wanted = await this.pending.referenced().catch(() => undefined);
    if (!wanted) return;
    for (const digest of mine)
      if (!wanted.has(digest) && !this.#held.has(digest)) await this.pending.removeBlob(digest);
  }
}
