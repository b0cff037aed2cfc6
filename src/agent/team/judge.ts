// Judges files of a store with the keys that the signers' providers publish now, and remembers a verdict for a minute. Must never remember longer.
import type { PublicationVerdict } from '../../flow/verify/index.ts';
import { canonical } from '../../lib/canonical.ts';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import type { TeamPolicySettings } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import type { Seen } from './look.ts';
import type { TeamPorts } from './ports.ts';

const MAX_TOKEN = 64 * 1024;
/** Milliseconds a verdict holds: who fills a store with rubbish must not keep a provider busy. */
const HOLDS = 60_000;
/** Milliseconds one fetched set of keys holds, within a look. */
const KEYS = 5_000;
const KNOWN = 2_048;

interface Terms {
  readonly store: Store;
  readonly id: string;
  readonly team: TeamPolicySettings;
  readonly groupsClaim: string;
}

type KeySet = Awaited<ReturnType<TeamPorts['keys']>>;

export class Judge {
  readonly #ports: Pick<TeamPorts, 'clock' | 'keys'>;
  readonly #verdicts = new Map<string, { readonly at: number; readonly verdict: PublicationVerdict }>();
  #keys:
    | { readonly at: number; readonly terms: string; readonly keys: Promise<Map<string, KeySet>> }
    | undefined;

  constructor(ports: Pick<TeamPorts, 'clock' | 'keys'>) {
    this.#ports = ports;
  }

  get #clock(): Clock {
    return this.#ports.clock;
  }

  async judge(
    terms: Terms,
    { key, bytes, digest, predicate }: Pick<Seen, 'key' | 'bytes' | 'digest' | 'predicate'>,
  ): Promise<PublicationVerdict> {
    const { store, id, team, groupsClaim } = terms;
    const name = sha256(canonical([id, key, digest, groupsClaim, team.strength, team.signers]));
    const known = this.#verdicts.get(name);
    if (known && this.#clock.now() - known.at < HOLDS && this.#clock.now() >= known.at) return known.verdict;
    const { judgePublication } = await import('../../flow/verify/index.ts');
    const check = { key, bytes, store: id, signers: team.signers, groupsClaim, strength: team.strength };
    const verdict = await judgePublication({
      ...check,
      pkToken: predicate ? await tokenOf(store, predicate.identity.pkToken) : undefined,
      // What is no publication needs no provider to say so.
      keys: predicate ? await this.#keysOf(team) : new Map(),
      now: this.#clock.now(),
    });
    if (this.#verdicts.size >= KNOWN) this.#verdicts.clear();
    this.#verdicts.set(name, { at: this.#clock.now(), verdict });
    return verdict;
  }

  #keysOf(team: TeamPolicySettings): Promise<Map<string, KeySet>> {
    const terms = canonical(team.signers);
    const now = this.#clock.now();
    if (this.#keys?.terms === terms && Math.abs(now - this.#keys.at) < KEYS) return this.#keys.keys;
    const keys = this.#fetch(team);
    this.#keys = { at: now, terms, keys };
    keys.catch(() => {
      this.#keys = undefined;
    });
    return keys;
  }

  /** All of them: a provider that is away must not make its signers' versions look like somebody else's. */
  async #fetch({ signers }: TeamPolicySettings): Promise<Map<string, KeySet>> {
    const issuers = new Map(signers.map(({ issuer, clientId }) => [issuer, clientId]));
    const fetched = [...issuers].map(
      async ([issuer, clientId]) => [issuer, await this.#ports.keys(issuer, clientId)] as const,
    );
    return new Map(await Promise.all(fetched));
  }
}

async function tokenOf(store: Store, digest: string): Promise<string | undefined> {
  try {
    const token = await store.get(blobKey(digest), MAX_TOKEN);
    return token && Buffer.from(token).toString('utf8');
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-verified') return undefined;
    throw error;
  }
}
