// One ledger and one upload queue per store, all under the key of whoever is signed in. Must never sign for a person who left.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, writeAtomic } from '../lib/atomic-file.ts';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import type { Config, StoreSettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { Predicate } from '../model/evidence.ts';
import type { EpochSignIn, OpenOrder, SealOutcome, SessionEnd } from './evidence.ts';
import { hasCode, messageOf } from './fault.ts';
import { Ledger } from './ledger.ts';
import type { Backlog } from './messages.ts';
import { Outbox } from './outbox.ts';
import { partIsDue } from './parts.ts';
import type { Log } from './ports.ts';
import { nextLook } from './promise.ts';
import { noteRules } from './rules.ts';
import { StoreLink } from './store-link.ts';
import { Timestamper } from './timestamper.ts';

export interface DeskOptions {
  /** Holds one folder per store. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly tool: Predicate['tool'];
  readonly enforcement: Predicate['enforcement'];
  readonly log: Log;
}

type Address = Pick<StoreSettings, 'url' | 'unsafe' | 'timestampUrl' | 'retention'>;

interface Place {
  readonly folder: string;
  readonly address: Address;
  readonly link: StoreLink;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly timestamper: Timestamper;
}

const ADDRESS_FILE = 'store-address.json';

export class EvidenceDesk {
  readonly #options: DeskOptions;
  readonly #places = new Map<string, Promise<Place>>();
  #signIn: EpochSignIn | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** What signs right now. Throws `not-signed-in`. */
  get signIn(): EpochSignIn {
    if (!this.#signIn) throw new BrokerError('not-signed-in');
    return this.#signIn;
  }

  /** The ledger of a store; made and resumed when it is first needed. */
  async ledger(address: Address): Promise<Ledger> {
    return (await this.#place(address)).ledger;
  }

  /** The session's `open` statement; before it, one of what is other at its connection than last time. */
  async open({ store, connections }: Config, order: OpenOrder): Promise<void> {
    const { folder, ledger } = await this.#place(store);
    const connection = connections.get(order.session.connection);
    if (connection)
      await noteRules(join(folder, 'rules'), connection, (detail) => ledger.config(undefined, detail));
    await ledger.open(order);
  }

  async link(address: Address): Promise<StoreLink> {
    return (await this.#place(address)).link;
  }

  /** Takes up the queues of every store that was ever used: what waits there is still owed. Returns how many cannot be yet. */
  async resumeAll(): Promise<number> {
    let failed = 0;
    for (const name of await this.#known()) {
      try {
        const text = await readFile(join(this.#options.folder, name, ADDRESS_FILE), 'utf8');
        await this.#place(JSON.parse(text) as Address);
      } catch (error) {
        failed += 1;
        this.#options.log.error(
          { folder: name, reason: messageOf(error) },
          'an upload queue cannot be resumed',
        );
      }
    }
    return failed;
  }

  /** A kept sign-in signs on. */
  async resume(signIn: EpochSignIn): Promise<void> {
    this.#signIn = signIn;
    for (const place of await this.#all()) await place.ledger.resume(signIn);
  }

  /** A new key: its epoch is begun in the given store and in every other one in use. */
  async begin(signIn: EpochSignIn, address: Address): Promise<void> {
    const first = await this.#place(address, false);
    await first.ledger.epoch(signIn);
    this.#signIn = signIn;
    for (const place of await this.#all()) if (place !== first) await place.ledger.resume(signIn);
  }

  /** The last word of this key everywhere; afterwards nothing can be signed. */
  async signOut(): Promise<void> {
    this.#signIn = undefined;
    for (const place of await this.#all()) {
      await place.ledger.signOut();
      await place.outbox.flush(5000);
    }
  }

  async sealSession(url: string, folder: string, end: SessionEnd): Promise<SealOutcome> {
    const place = await this.#places.get(url);
    if (!place) throw new BrokerError('bug', { reason: `${url} has no ledger` });
    return place.ledger.sealSession(folder, end);
  }

  /** A part of an open session, when there is enough that is new. `fresh` counts since the last word of it. */
  async part(url: string, folder: string, fresh: Parameters<typeof partIsDue>[1]): Promise<boolean> {
    const { ledger } = (await this.#places.get(url)) ?? {};
    if (!ledger || !partIsDue(ledger.parts(basename(folder)), fresh)) return false;
    return (await ledger.part(folder)) !== undefined;
  }

  /** Keeps what every epoch promises. Milliseconds until the next look. */
  async keep(): Promise<number> {
    for (const { ledger, address } of await this.#all())
      await ledger.keep().catch((error: unknown) => {
        this.#options.log.warn(
          { store: address.url, reason: messageOf(error) },
          'the chain could not be sealed',
        );
      });
    return nextLook(this.#options.clock.now(), this.#signIn?.validUntil);
  }

  /** Seals what is left in the spool, except sessions that still run. Returns ids that wait or failed. */
  async recover(spool: string, live: ReadonlySet<string>): Promise<readonly string[]> {
    const left: string[] = [];
    for (const place of await this.#all()) {
      const { sealed, waiting, failed } = await place.ledger.recover(spool, live);
      for (const session of sealed) this.#options.log.info({ session }, 'interrupted session sealed');
      for (const { folder, reason } of failed)
        this.#options.log.error({ folder, reason }, 'an interrupted session cannot be sealed yet');
      left.push(...waiting, ...failed.map(({ folder }) => folder));
    }
    return left;
  }

  /** Throws where a session may not be opened because of what waits for this store. */
  async admit(store: StoreSettings): Promise<void> {
    if (store.maxBacklog <= 0) return;
    const { oldest } = await (await this.#place(store)).outbox.backlog();
    const age = oldest === undefined ? 0 : Math.floor((this.#options.clock.now() - oldest) / 1000);
    if (age > store.maxBacklog) throw new BrokerError('backlog-too-old', { age, store: store.url });
  }

  async backlog(): Promise<Omit<Backlog, 'unsealed'>> {
    let objects = 0;
    let bytes = 0;
    let oldest = Number.POSITIVE_INFINITY;
    let problem: string | undefined;
    for (const place of await this.#all()) {
      const waiting = await place.outbox.backlog();
      problem ??= waiting.problem?.message;
      // Blobs without a statement that names them belong to one that is still to be signed.
      if (waiting.statements === 0) continue;
      objects += waiting.statements + waiting.blobs;
      bytes += waiting.bytes;
      oldest = Math.min(oldest, waiting.oldest ?? oldest);
    }
    return {
      objects,
      bytes,
      ...(Number.isFinite(oldest) ? { oldest: new Date(oldest).toISOString() } : {}),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** "Nothing after this" in every chain, then a last try to upload. */
  async close(reason: string): Promise<void> {
    for (const place of await this.#all()) {
      await place.ledger.seal(reason).catch((error: unknown) => {
        this.#options.log.warn({ reason: messageOf(error) }, 'the ledger could not be sealed');
      });
      await place.outbox.flush(3000);
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    for (const place of await this.#all()) {
      await place.outbox.stop();
      await place.link.close();
    }
  }

  async #known(): Promise<string[]> {
    try {
      return (await readdir(this.#options.folder)).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async #all(): Promise<Place[]> {
    const places: Place[] = [];
    for (const opening of [...this.#places.values()]) {
      const place = await opening.catch(() => undefined);
      if (place) places.push(place);
    }
    return places;
  }

  #place(address: Address, resume = true): Promise<Place> {
    const known = this.#places.get(address.url);
    if (known) {
      // The next statement asks the authority that is configured now.
      void known.then(
        ({ timestamper }) => Object.assign(timestamper, { url: address.timestampUrl }),
        () => undefined,
      );
      return known;
    }
    const opening = this.#openPlace(address, resume);
    this.#places.set(address.url, opening);
    opening.catch(() => this.#places.delete(address.url));
    return opening;
  }

  async #openPlace(address: Address, resume: boolean): Promise<Place> {
    const { environment, clock, tool, enforcement } = this.#options;
    const folder = join(this.#options.folder, sha256(address.url).slice(0, 16));
    await makeFolder(folder);
    const file = join(folder, ADDRESS_FILE);
    const { url, unsafe, timestampUrl, retention } = address;
    const text = JSON.stringify({ url, unsafe, timestampUrl, retention });
    // Only when it says something new: a full disk must not keep what waits from being uploaded.
    if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeAtomic(file, text);
    const link = new StoreLink({ ...address, environment, folder });
    const outbox = new Outbox({ folder: join(folder, 'outbox'), link, clock });
    await outbox.load();
    const timestamper = new Timestamper(timestampUrl, clock, this.#options.log);
    const ledger = await Ledger.load({ folder, outbox, link, clock, timestamper, tool, enforcement });
    if (resume && this.#signIn) await ledger.resume(this.#signIn);
    outbox.start();
    return { folder, address, link, outbox, ledger, timestamper };
  }
}
