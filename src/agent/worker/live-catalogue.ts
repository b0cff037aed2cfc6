// Keeps the target's catalogue current for one session: read again when something changed it or names are missing.
import type { Catalogue } from '../../model/catalogue.ts';

export class LiveCatalogue {
  #current: Catalogue;
  #stale = false;
  #reading: Promise<void> | undefined;
  readonly #load: () => Promise<Catalogue>;

  constructor(first: Catalogue, load: () => Promise<Catalogue>) {
    this.#current = first;
    this.#load = load;
  }

  get current(): Catalogue {
    return this.#current;
  }

  /** True when the snapshot may be older than a change this session made. */
  get stale(): boolean {
    return this.#stale;
  }

  markStale(): void {
    this.#stale = true;
  }

  /** Reads the catalogue again; callers that arrive while it is being read share the next reading. */
  async refresh(): Promise<void> {
    if (this.#reading) {
      await this.#reading;
      if (!this.#stale) return;
    }
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    this.#stale = false;
    try {
      this.#current = await this.#load();
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
