// One request's folder in the store, as it is found. Believes nothing of it: whoever can write there may have put anything.
import type { StoredFile } from '../../flow/escalate/index.ts';
import { approvalFolder, consumedKey, parseApprovalKey, requestKey } from '../../model/approval-key.ts';
import { MAX_STATEMENT } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';

/** More answers than this to one request are nobody's. */
const MOST_DECISIONS = 256;

export interface FolderView {
  readonly request: Uint8Array | undefined;
  readonly decisions: readonly StoredFile[];
  readonly consumed: Uint8Array | undefined;
}

/** What cannot be an object of ours, too long or a link, is an answer that does not count; a store that is away throws. */
async function readable(store: Store, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key, MAX_STATEMENT);
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-verified') return new Uint8Array();
    throw error;
  }
}

/** Objects never change once they are put, so each is fetched once; the request itself whenever there is something new. */
export class RequestFolder {
  readonly #store: () => Promise<Store>;
  readonly #day: string;
  readonly #id: string;
  readonly #decisions = new Map<string, StoredFile>();
  #consumed: Uint8Array | undefined;

  constructor(store: () => Promise<Store>, day: string, id: string) {
    this.#store = store;
    this.#day = day;
    this.#id = id;
  }

  /** Undefined when nothing has come since the last look. */
  async look(): Promise<FolderView | undefined> {
    const store = await this.#store();
    const before = this.#decisions.size;
    const used = this.#consumed;
    for await (const { key } of store.list(approvalFolder(this.#day, this.#id))) await this.#take(store, key);
    if (this.#decisions.size === before && this.#consumed === used) return undefined;
    return this.view();
  }

  async view(): Promise<FolderView> {
    const store = await this.#store();
    const request = await store.get(requestKey(this.#day, this.#id), MAX_STATEMENT);
    return { request, decisions: [...this.#decisions.values()], consumed: this.#consumed };
  }

  async #take(store: Store, key: string): Promise<void> {
    if (key === consumedKey(this.#day, this.#id)) this.#consumed ??= await readable(store, key);
    if (parseApprovalKey(key)?.kind !== 'decision' || this.#decisions.has(key)) return;
    if (this.#decisions.size >= MOST_DECISIONS) return;
    const bytes = await readable(store, key);
    if (bytes) this.#decisions.set(key, { key, bytes });
  }
}
