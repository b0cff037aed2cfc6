// One look at what is published in a store: which versions count, in order, and why others do not. Must never take an older version for a newer one.
import type { JudgedPublication } from '../../flow/verify/index.ts';
import { sha256 } from '../../lib/digest.ts';
import { ordered } from '../../lib/ordered.ts';
import { blobKey, MAX_STATEMENT } from '../../model/bundle.ts';
import type { TeamPolicySettings } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import {
  PUBLICATIONS_PREFIX,
  type PublicationPredicate,
  type PublicationStep,
  publicationKey,
  versionOf,
} from '../../model/publication.ts';
import type { Store } from '../../model/store.ts';
import type { Judge } from './judge.ts';
import type { Accepted } from './memory.ts';

/** Files that count for nothing and are looked at; a store with more was filled by somebody. */
const MOST = 512;
const WIDTH = 8;

/** A version that does not count. */
export interface Refused {
  readonly version: number;
  readonly key: string;
  /** SHA-256 hex of what stands there; empty when nothing does. */
  readonly digest: string;
  readonly step: PublicationStep;
  readonly reason: string;
}

/** What a look saw of one file. */
export interface Seen {
  readonly version: number;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly predicate: PublicationPredicate | undefined;
}

export interface Sight {
  /** Versions that are signed by a pinned signer and follow each other; the last is the newest. */
  readonly chain: readonly JudgedPublication[];
  readonly refused: readonly Refused[];
  /** The newest whose policies are there and can be loaded. */
  readonly newest: Accepted | undefined;
  /** The next version that nothing stands in the place of. */
  readonly next: number;
  /** The remembered version is not there any more. */
  readonly gone: boolean;
}

export interface LookOrder {
  readonly store: Store;
  readonly id: string;
  readonly team: TeamPolicySettings;
  readonly groupsClaim: string;
  /** The newest that counted here before and still does. */
  readonly before: Accepted | undefined;
  /** Nothing up to this version may come into force. */
  readonly floor: number;
  readonly judge: Judge;
  /** Also asks the store for what it hides, where it keeps versions. */
  readonly thorough: boolean;
}

async function bytesAt(store: Store, key: string): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key, MAX_STATEMENT);
  } catch (error) {
    // Longer than any version: it is read as something that is none.
    if (error instanceof BrokerError && error.code === 'not-verified') return new Uint8Array();
    throw error;
  }
}

async function keysAfter(store: Store, after: string | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(PUBLICATIONS_PREFIX, after)) {
    if (versionOf(key) !== undefined) keys.push(key);
    if (after !== undefined && keys.length > MOST) break;
  }
  return keys;
}

class Look {
  readonly #order: LookOrder;
  readonly #refused: Refused[] = [];
  readonly #chain: JudgedPublication[] = [];
  readonly #seen = new Map<number, Seen>();
  #gone = false;

  constructor(order: LookOrder) {
    this.#order = order;
  }

  async run(): Promise<Sight> {
    const { before, store, floor } = this.#order;
    if (before) await this.#stillThere(before);
    const keys = await keysAfter(store, before?.key);
    const { readPublication } = await import('../../flow/verify/index.ts');
    for await (const seen of ordered(keys.slice(0, before ? MOST : keys.length), WIDTH, async (key) => {
      const bytes = (await bytesAt(store, key)) ?? new Uint8Array();
      return {
        version: versionOf(key) ?? 0,
        key,
        bytes,
        digest: sha256(bytes),
        predicate: readPublication(bytes),
      };
    }))
      await this.#take(seen);
    if (before && keys.length > MOST) {
      const reason = `more than ${MOST} files stand after version ${before.version}: somebody fills the store`;
      this.#refuse({ version: before.version + MOST, key: keys[MOST] ?? '', digest: '' }, 'chain', reason);
    }
    const hidden = this.#order.thorough ? await this.#hidden() : false;
    const newest = hidden && !before ? undefined : await this.#newest();
    return {
      chain: this.#chain,
      refused: this.#refused,
      newest: newest && newest.version > floor ? newest : before,
      next: this.#next(keys),
      gone: this.#gone,
    };
  }

  #refuse(
    { version, key, digest }: Pick<Seen, 'version' | 'key' | 'digest'>,
    step: PublicationStep,
    reason: string,
  ): void {
    this.#refused.push({ version, key, digest, step, reason });
  }

  async #stillThere({ key, version, digest }: Accepted): Promise<void> {
    const bytes = await bytesAt(this.#order.store, key);
    if (bytes && sha256(bytes) === digest) return;
    this.#gone = bytes === undefined;
    const what = bytes ? 'is not the one that was accepted' : 'which was accepted, is gone from the store';
    this.#refuse(
      { version, key, digest: bytes ? sha256(bytes) : '' },
      'hidden',
      `version ${version}${bytes ? '' : ','} ${what}`,
    );
  }

  /** In ascending order: each that counts must follow the one that counted before it. */
  async #take(seen: Seen): Promise<void> {
    this.#seen.set(seen.version, seen);
    const verdict = await this.#order.judge.judge(this.#order, seen);
    if (!verdict.ok) return this.#refuse(seen, verdict.step, verdict.reason);
    const broken = this.#broken(verdict);
    if (broken) return this.#refuse(seen, 'chain', broken);
    this.#chain.push(verdict);
  }

  /** Goes back from a version to the last that counted: every one between must be there as it was followed. */
  #broken({ publication }: JudgedPublication): string | undefined {
    const { before } = this.#order;
    const last = this.#chain.at(-1)?.publication ?? before;
    const from = { version: last?.version ?? 0, digest: this.#chain.at(-1)?.digest ?? before?.digest };
    let at = publication.previous;
    while (at.version > from.version) {
      const seen = this.#seen.get(at.version);
      if (!seen) return `version ${at.version}, which it follows, is not there`;
      if (seen.digest !== at.digest) return `version ${at.version} is not the one that it follows`;
      if (!seen.predicate) return `version ${at.version}, which it follows, cannot be read`;
      at = seen.predicate.publication.previous;
    }
    if (at.version === from.version && (from.digest === undefined || at.digest === from.digest))
      return undefined;
    return from.version === 0
      ? 'its first version is not there'
      : `it does not follow version ${from.version}`;
  }

  async #hidden(): Promise<boolean> {
    const { store, before } = this.#order;
    if (!store.hidden) return false;
    let newer = false;
    try {
      for await (const { key, how } of store.hidden(PUBLICATIONS_PREFIX)) {
        const version = versionOf(key);
        if (version === undefined || version <= (before?.version ?? 0)) continue;
        newer = true;
        const what = how === 'deleted' ? 'was deleted from the store' : 'was written over in the store';
        this.#refuse({ version, key, digest: '' }, 'hidden', `version ${version} ${what}`);
      }
    } catch (error) {
      // Without the right to list versions nobody can tell.
      if (!(error instanceof BrokerError)) throw error;
    }
    return newer;
  }

  async #newest(): Promise<Accepted | undefined> {
    for (const judged of [...this.#chain].reverse()) {
      const found = await this.#policies(judged);
      if (typeof found !== 'string') return this.#accept(judged, found);
      const { key, digest, publication } = judged;
      const step = found.startsWith('its policies are not') ? 'blob' : 'policy';
      this.#refuse({ version: publication.version, key, digest }, step, found);
    }
    return undefined;
  }

  #accept(
    { key, digest, publication, signer, strength }: JudgedPublication,
    files: Accepted['files'],
  ): Accepted {
    const { version, policy, time, reason } = publication;
    const { iss, sub, name, email, groups } = signer;
    return {
      version,
      key,
      digest,
      file: Buffer.from(this.#seen.get(version)?.bytes ?? []).toString('base64'),
      policy,
      files,
      signer: {
        iss,
        sub,
        groups,
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
      },
      time,
      ...(reason === undefined ? {} : { reason }),
      strength,
    };
  }

  /** The policies of a version, or why they cannot be in force. */
  async #policies({ publication: { policy } }: JudgedPublication): Promise<Accepted['files'] | string> {
    return readPolicies(this.#order.store, policy);
  }

  #next(keys: readonly string[]): number {
    const { before, floor } = this.#order;
    const last = this.#chain.at(-1)?.publication.version ?? 0;
    const taken = new Set(keys);
    let next = Math.max(last, before?.version ?? 0, floor) + 1;
    while (taken.has(publicationKey(next))) next += 1;
    return next;
  }
}

const MAX_POLICIES = 8 * 2 ** 20;

/** The files of a policy blob; a reason when it is not there, altered, or nothing that can be in force. */
export async function readPolicies(
  store: Pick<Store, 'get'>,
  digest: string,
): Promise<Accepted['files'] | string> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await store.get(blobKey(digest), MAX_POLICIES);
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== 'not-verified') throw error;
    return `its policies are not readable: ${String(error.details['reason'])}`;
  }
  if (!bytes) return 'its policies are not in the store';
  if (sha256(bytes) !== digest) return 'its policies are not those that were signed: the blob was altered';
  const { loadPolicies, localNames } = await import('../../flow/decide/index.ts');
  try {
    const { files } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { files: Record<string, string> };
    if (localNames({ files }).length > 0) return 'it names policies as local files are named';
    await loadPolicies({ files });
    return files;
  } catch (error) {
    return `its policies cannot be loaded: ${(error as Error).message.replace(/\s+/g, ' ')}`;
  }
}

/** Throws only when the store, or a signer's provider, cannot be reached. */
export function look(order: LookOrder): Promise<Sight> {
  return new Look(order).run();
}
