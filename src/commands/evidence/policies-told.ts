// Which published version decided, as the store names it. Must never pretend to have verified it.
import { BundleError, MAX_STATEMENT, parseSigned } from '../../model/bundle.ts';
import { PUBLICATION_FORM, PUBLICATIONS_PREFIX, versionOf } from '../../model/publication.ts';
import type { Store } from '../../model/store.ts';
import { bytesOf } from './event-log.ts';

/** Digest of policies → the number of the version that published them. */
async function publishedVersions(store: Pick<Store, 'get' | 'list'>): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>();
  for await (const { key, size } of store.list(PUBLICATIONS_PREFIX)) {
    const version = versionOf(key);
    if (version === undefined || size > MAX_STATEMENT) continue;
    const bytes = await bytesOf(store, key, MAX_STATEMENT);
    try {
      if (!bytes) continue;
      versions.set(parseSigned(bytes, PUBLICATION_FORM).statement.predicate.publication.policy, version);
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
    }
  }
  return versions;
}

/** Tells where, in a session, another policy decides than before: a line for people, or nothing. */
export class PoliciesTold {
  readonly #store: Pick<Store, 'get' | 'list'>;
  #last: string | undefined;
  #versions: Promise<ReadonlyMap<string, number>> | undefined;

  constructor(store: Pick<Store, 'get' | 'list'>, opened: string | undefined) {
    this.#store = store;
    this.#last = opened;
  }

  async change(digest: unknown): Promise<string | undefined> {
    if (typeof digest !== 'string' || digest === this.#last) return undefined;
    const first = this.#last === undefined;
    this.#last = digest;
    if (first) return undefined;
    this.#versions ??= publishedVersions(this.#store);
    const version = (await this.#versions).get(digest);
    return `policy: ${version === undefined ? '' : `published version ${version}, `}digest ${digest.slice(0, 12)}`;
  }
}
