// Keeps the target's catalogue current for one session: read again when something changed it or names are missing.
import type { Catalogue } from '../../model/catalogue.ts';

/** Reads the catalogue as it is now: the same object while nothing is different. */
export type ReadCatalogue = () => Promise<Catalogue>;

/** Milliseconds between looks for changes made elsewhere, while the session is in use. */
const LOOK = 1_000;

export class LiveCatalogue {
  #current: Catalogue;
  #stale = false;
  /** What is being read replaces a snapshot that was stale. */
  #doubted = false;
  #used = false;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #load: ReadCatalogue;

  private constructor(load: ReadCatalogue, first: Catalogue) {
    this.#load = load;
    this.#current = first;
  }

  static async read(load: ReadCatalogue): Promise<LiveCatalogue> {
    return new LiveCatalogue(load, await load());
  }

  get current(): Catalogue {
    this.#used = true;
    return this.#current;
  }

  /** True when the snapshot may be older than a change, until it has been read anew. */
  get stale(): boolean {
    return this.#stale || this.#doubted;
  }

  markStale(): void {
    this.#stale = true;
  }

  /** Notices changes made elsewhere, while somebody uses the session. */
  watch(): void {
    this.#timer = setInterval(() => void this.look(), LOOK).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads what changed since; what cannot be read leaves the snapshot in doubt. */
  async look(): Promise<void> {
    if (!this.#used || this.stale || this.#reading) return;
    this.#used = false;
    await this.refresh().catch(() => {
      this.#stale = true;
    });
  }

  /** Reads the catalogue again; callers that arrive while it is being read share the next reading. */
  async refresh(): Promise<void> {
    if (this.#reading) {
      await this.#reading;
      if (!this.stale) return;
    }
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    this.#doubted ||= this.#stale;
    this.#stale = false;
    try {
      this.#current = await this.#load();
    } catch (error) {
      this.#stale = true;
      throw error;
    } finally {
      this.#doubted = false;
    }
  }
}
