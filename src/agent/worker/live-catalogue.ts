// Keeps the target's catalogue current for one session: read again when something changed it or names are missing.
import type { Catalogue } from '../../model/catalogue.ts';

export interface CatalogueReader {
  load(): Promise<Catalogue>;
  /** Differs after the catalogue changed, whoever changed it. */
  mark(): Promise<string>;
}

/** Milliseconds between looks at the mark while the session is in use. */
const LOOK = 1_000;

export class LiveCatalogue {
  #current: Catalogue;
  #stale = false;
  #used = false;
  /** Undefined when the snapshot is not to be kept whatever the mark says. */
  #mark: string | undefined;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #reader: CatalogueReader;

  private constructor(reader: CatalogueReader, mark: string, first: Catalogue) {
    this.#reader = reader;
    this.#mark = first.partial ? undefined : mark;
    this.#current = first;
  }

  static async read(reader: CatalogueReader): Promise<LiveCatalogue> {
    const mark = await reader.mark();
    return new LiveCatalogue(reader, mark, await reader.load());
  }

  get current(): Catalogue {
    this.#used = true;
    return this.#current;
  }

  /** True when the snapshot may be older than a change. */
  get stale(): boolean {
    return this.#stale;
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

  /** Compares the mark; a mark that cannot be asked for leaves the snapshot in doubt. */
  async look(): Promise<void> {
    if (!this.#used || this.#stale || this.#reading) return;
    this.#used = false;
    const mark = await this.#reader.mark().catch(() => undefined);
    if (mark === undefined || mark !== this.#mark) this.#stale = true;
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
      const mark = await this.#reader.mark();
      this.#current = await this.#reader.load();
      this.#mark = this.#current.partial ? undefined : mark;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
