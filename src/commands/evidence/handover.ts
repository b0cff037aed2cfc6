// Passes each verified statement, and what it vouches for, to a format. Must never pass on a blob that is not what its digest says.
import type { ExportedStatement, Exporter, ExportWriter } from '../../exporters/index.ts';
import {
  type SealedLine,
  sealedEvents,
  toldInPart,
  type VerifiedStatement,
} from '../../flow/verify/index.ts';
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import { eventLogs, isJwksBlob, logNumber, PK_TOKEN_BLOB, POLICY_BLOB } from '../../model/sealed.ts';
import type { Store } from '../../model/store.ts';
import { asksContent, ContentMatch, type Filters, matches, matchesAttempt } from '../evidence-filters.ts';
import { approvalObjects } from './approval-objects.ts';
import { publicationObjects } from './publication-objects.ts';
import { hidesRequests, isWithheld, type Withheld } from './withhold.ts';

const MAX_BLOB = 2 ** 30;

export interface HandoverOrder {
  readonly store: Pick<Store, 'get' | 'list'>;
  readonly exporter: Pick<Exporter, 'wants'>;
  readonly writer: ExportWriter;
  readonly filters: Filters;
  /** What is not handed over of what the filters choose. */
  readonly withheld?: Withheld;
}

export class Handover {
  readonly #order: HandoverOrder;
  readonly #given = new Set<string>();
  sessions = 0;

  constructor(order: HandoverOrder) {
    this.#order = order;
  }

  async take(verified: VerifiedStatement): Promise<void> {
    const { predicate, subject } = verified.bundle.statement;
    const { exporter, writer } = this.#order;
    const subjects = subject.map(({ name, digest }) => ({ name, digest: digest.sha256 }));
    const { key, digest, bytes } = verified;
    const told = predicate.kind === 'part' ? undefined : predicate.session?.id;
    const events = new EventLog(this.#order.store, subjects, told);
    const chosen = await this.#chosen({ key, digest, bytes, predicate, subjects, chosen: true }, events);
    const statement: ExportedStatement = { key, digest, bytes, predicate, subjects, chosen };
    if (chosen && predicate.kind === 'session') this.sessions += 1;
    await writer.statement(statement);
    if (exporter.wants.blobs) await this.#giveBlobs(statement, events);
    if (exporter.wants.blobs && chosen) await this.#giveApprovals(statement);
    if (!exporter.wants.events || !chosen) return;
    for await (const { line, value } of events.lines())
      if (!this.#keeps(line, value)) await writer.event({ statement, line, value });
  }

  #keeps(line: string, value: SealedLine['value']): boolean {
    const { withheld } = this.#order;
    return withheld !== undefined && isWithheld(withheld, line, value['type']);
  }

  async #chosen({ predicate }: ExportedStatement, events: EventLog): Promise<boolean> {
    const { filters } = this.#order;
    if (!matches(filters, predicate)) return false;
    if (!asksContent(filters)) return true;
    if (predicate.kind === 'attempt') return matchesAttempt(filters, predicate);
    if (predicate.kind !== 'session') return false;
    const match = new ContentMatch(filters);
    for await (const { value } of events.lines()) {
      match.add(value);
      if (match.met) return true;
    }
    return false;
  }

  async #giveApprovals({ predicate, subjects }: ExportedStatement): Promise<void> {
    const { store, writer, withheld } = this.#order;
    if (!writer.approval || (withheld && hidesRequests(withheld))) return;
    for await (const { key, bytes, proofs } of approvalObjects(store, predicate, subjects)) {
      // A window is named by each session that it was open for.
      if (this.#given.has(key)) continue;
      this.#given.add(key);
      await writer.approval(key, bytes);
      for (const digest of proofs) await this.#giveProof(digest);
    }
  }

  /** Every published version of the policy, with what proves whose it is: which were in force, the statements say. */
  async publications(): Promise<void> {
    const { store, writer, exporter } = this.#order;
    if (!writer.approval || !exporter.wants.blobs) return;
    for await (const { key, bytes, proofs } of publicationObjects(store)) {
      await writer.approval(key, bytes);
      for (const digest of proofs) await this.#giveProof(digest);
    }
  }

  async #giveProof(digest: string): Promise<void> {
    if (this.#given.has(digest)) return;
    const bytes = await blobBytes(this.#order.store, digest);
    if (!bytes) return;
    this.#given.add(digest);
    await this.#order.writer.blob(digest, bytes);
  }

  async #giveBlobs({ subjects, chosen, predicate }: ExportedStatement, events: EventLog): Promise<void> {
    const partly = chosen && (await this.#giveInPart(subjects, predicate.session?.id, events));
    for (const { name, digest } of subjects) {
      // What proves whose key it is goes along with every statement.
      const proof = name === PK_TOKEN_BLOB || isJwksBlob(name);
      const shared = proof || name === POLICY_BLOB;
      if (this.#given.has(digest) || !(chosen || proof) || (partly && !shared)) continue;
      const bytes =
        logNumber(name) === undefined
          ? await blobBytes(this.#order.store, digest)
          : await events.bytes(digest);
      if (!bytes) continue;
      // What many statements share is given once; what is a session's own is given with it.
      if (shared) this.#given.add(digest);
      await this.#order.writer.blob(digest, bytes);
    }
  }

  /** True where something of the events is withheld: then all logs are told in part, and terminals stay behind. */
  async #giveInPart(
    subjects: ExportedStatement['subjects'],
    session: string | undefined,
    events: EventLog,
  ): Promise<boolean> {
    const { withheld, writer } = this.#order;
    const logs = eventLogs(subjects);
    if (!withheld || logs.length === 0 || session === undefined) return false;
    for (const digest of logs) {
      const bytes = await events.bytes(digest);
      if (!bytes) continue;
      const told = toldInPart(bytes, digest, session, (line, value) => this.#keeps(line, value));
      await writer.disclosed?.(digest, told).catch(unreadable);
    }
    return true;
  }
}

/** A log that is no log was reported by verification: what could be read of it was passed on. */
function unreadable(error: unknown): void {
  if ((error as Error).name !== 'EventError') throw error;
}

async function blobBytes(store: Pick<Store, 'get'>, digest: string): Promise<Uint8Array | undefined> {
  const bytes = await store.get(blobKey(digest), MAX_BLOB);
  // A blob that is missing or wrong is in the verdicts; it is not passed on as if it were evidence.
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

/** One session's events. A log is fetched once however often it is read; of many only the last one is held. */
class EventLog {
  readonly #store: Pick<Store, 'get'>;
  readonly #logs: readonly string[];
  readonly #session: string | undefined;
  #held: { readonly digest: string; readonly bytes: Promise<Uint8Array | undefined> } | undefined;

  /** Of a part there are no events: they are its session's. */
  constructor(
    store: Pick<Store, 'get'>,
    subjects: ExportedStatement['subjects'],
    session: string | undefined,
  ) {
    this.#store = store;
    this.#logs = eventLogs(subjects);
    this.#session = session;
  }

  bytes(digest: string): Promise<Uint8Array | undefined> {
    if (this.#held?.digest !== digest) this.#held = { digest, bytes: blobBytes(this.#store, digest) };
    return this.#held.bytes;
  }

  async *#all() {
    for (const digest of this.#logs) {
      const bytes = await this.bytes(digest);
      if (!bytes) return;
      yield bytes;
    }
  }

  async *lines() {
    if (this.#logs.length === 0 || this.#session === undefined) return;
    try {
      for await (const { batch } of sealedEvents(this.#all(), this.#session)) yield* batch;
    } catch (error) {
      unreadable(error);
    }
  }
}
