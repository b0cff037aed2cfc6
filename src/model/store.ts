// The shared object store as a port: immutable objects, put only when absent.

export interface StoreEntry {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since the epoch, by the store's own clock. */
  readonly modified: number;
}

/** A key whose first content is not what a reader gets: deleted, or written over. */
export interface HiddenObject {
  readonly key: string;
  readonly how: 'deleted' | 'replaced';
}

export interface StoreProbe {
  /** A second conditional put of one key was refused. */
  readonly conditionalPut: boolean;
  /** A put with a wrong SHA-256 was refused. */
  readonly checksums: boolean;
  /** Store's clock minus ours, milliseconds. */
  readonly skew: number;
  /** Why the store is unsafe; empty when it is safe. */
  readonly problems: readonly string[];
}

export interface Store {
  readonly url: string;
  /** Writes an object once. `exists` when the key is taken, whatever it holds. Durable when it resolves. */
  put(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** The object's bytes, or undefined when there is none. `limit` in bytes guards against bombs. */
  get(key: string, limit?: number): Promise<Uint8Array | undefined>;
  /** Keys under a prefix in ascending order, resuming after `after`. */
  list(prefix: string, after?: string): AsyncIterable<StoreEntry>;
  /** Objects under a prefix that a listing does not tell of, where the store keeps versions. */
  hidden?(prefix: string, after?: string): AsyncIterable<HiddenObject>;
  /** The lock of one object, where the store can have any; undefined when it has none. */
  retention?(key: string): Promise<Retention | undefined>;
  probe(): Promise<StoreProbe>;
  close(): Promise<void>;
}

/** What opening a store may be told beside its address. */
export interface StoreOpening {
  /** Objects are locked for so long as they are put. */
  readonly retention?: { readonly days: number; readonly mode: 'governance' | 'compliance' } | undefined;
}

/** Until when nobody may delete an object. */
export interface Retention {
  readonly mode: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** One row of the stores shelf: `scheme:` → how to open it. */
export interface StoreKind {
  readonly scheme: string;
  open(
    url: string,
    environment: Readonly<Record<string, string | undefined>>,
    settings?: StoreOpening,
  ): Promise<Store>;
}
