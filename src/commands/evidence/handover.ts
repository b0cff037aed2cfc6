// Passes each verified statement, and what it vouches for, to a format. Must never pass on a blob that is not what its digest says.
import type { Approvers, Person } from '../../exporters/approver.ts';
import type { ExportedStatement, Exporter, ExportWriter } from '../../exporters/index.ts';
import { toldInPart, type VerifiedStatement } from '../../flow/verify/index.ts';
import { canonical } from '../../lib/canonical.ts';
import type { Predicate } from '../../model/evidence.ts';
import { eventLogs, isJwksBlob, logNumber, PK_TOKEN_BLOB, POLICY_BLOB } from '../../model/sealed.ts';
import type { Store } from '../../model/store.ts';
import { asksContent, ContentMatch, type Filters, matches, matchesAttempt } from '../evidence-filters.ts';
import { approvalObjects } from './approval-objects.ts';
import { approversIn, personOf } from './approvers.ts';
import { blobBytes, EventLog, unreadable } from './event-log.ts';
import { publicationObjects } from './publication-objects.ts';
import { hidesRequests, tells, type Withheld } from './withhold.ts';
import { Withholding } from './withholding.ts';

/** Sign-ins that are remembered. */
const PEOPLE = 10_000;

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
  /** Logs of parts, by session, until the session that names them all: what they may tell is known then. */
  readonly #parts = new Map<string, ExportedStatement['subjects'][number][]>();
  /** Whose sign-ins those are, by the digests of their PK tokens. */
  readonly #people = new Map<string, Promise<Person>>();
  /** Sessions that were handed over. */
  readonly #seen = new Set<string>();
  sessions = 0;
  /** Events held back, and signed or shared files that say a withheld text all the same. */
  readonly held = { events: 0, files: 0 };

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
    const approvers = chosen ? await this.#approvers(predicate, subjects) : undefined;
    const person = await this.#person(predicate);
    const statement: ExportedStatement = {
      key,
      digest,
      bytes,
      predicate,
      subjects,
      chosen,
      ...(person ? { person } : {}),
      ...(approvers ? { approvers } : {}),
    };
    if (chosen && predicate.kind === 'session') {
      this.sessions += 1;
      if (told !== undefined) this.#seen.add(told);
    }
    await writer.statement(statement);
    this.#notice(Buffer.from(canonical(predicate)));
    const withholding = chosen && told !== undefined ? await this.#learned(told, events) : undefined;
    if (exporter.wants.blobs) await this.#giveBlobs(statement, events, withholding);
    if (exporter.wants.blobs && chosen) await this.#giveApprovals(statement);
    if (!exporter.wants.events || !chosen) return;
    for await (const line of events.lines())
      if (withholding?.holds(line)) this.held.events += 1;
      else await writer.event({ statement, line: line.line, value: line.value });
  }

  /** What stays behind of a session; undefined when nothing is to. */
  async #learned(session: string, events: EventLog): Promise<Withholding | undefined> {
    const { withheld } = this.#order;
    if (!withheld) return undefined;
    const withholding = new Withholding(withheld, session);
    for await (const line of events.lines()) withholding.learn(line);
    return withholding;
  }

  #notice(bytes: Uint8Array): void {
    const { withheld } = this.#order;
    if (withheld && tells(withheld, bytes)) this.held.files += 1;
  }

  /** The first session that something was to be withheld of, and that was not handed over. */
  get unmet(): string | undefined {
    return [...(this.#order.withheld?.sessions.keys() ?? [])].find((each) => !this.#seen.has(each));
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

  /** Formats for reading name people; the format of what was signed has their answers themselves. */
  #approvers(predicate: Predicate, subjects: ExportedStatement['subjects']): Promise<Approvers> | undefined {
    const { store, exporter, withheld } = this.#order;
    if (!exporter.wants.events || (withheld && hidesRequests(withheld))) return undefined;
    return approversIn(store, predicate, subjects);
  }

  /** Nobody is named where a text is held back that may be a name. */
  #person({ identity }: Predicate): Promise<Person> | undefined {
    const { store, exporter, withheld } = this.#order;
    if (!exporter.wants.events || (withheld && withheld.spellings.length > 0)) return undefined;
    const known = this.#people.get(identity.pkToken) ?? personOf(store, identity);
    if (this.#people.size < PEOPLE) this.#people.set(identity.pkToken, known);
    return known;
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
      this.#notice(bytes);
      await writer.approval(key, bytes);
      for (const digest of proofs) await this.#giveProof(digest);
    }
  }

  async #giveProof(digest: string): Promise<void> {
    if (this.#given.has(digest)) return;
    const bytes = await blobBytes(this.#order.store, digest);
    if (!bytes) return;
    this.#given.add(digest);
    this.#notice(bytes);
    await this.#order.writer.blob(digest, bytes);
  }

  async #giveBlobs(
    { subjects, chosen, predicate }: ExportedStatement,
    events: EventLog,
    withholding: Withholding | undefined,
  ): Promise<void> {
    const session = predicate.session?.id;
    const partly = chosen && this.#order.withheld !== undefined && eventLogs(subjects).length > 0;
    if (partly && session !== undefined) {
      const logs = subjects.filter(({ name }) => logNumber(name) !== undefined);
      if (withholding) await this.#giveInPart(logs, session, events, withholding);
      else this.#parts.set(session, [...(this.#parts.get(session) ?? []), ...logs]);
    }
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
      this.#notice(bytes);
      await this.#order.writer.blob(digest, bytes);
    }
  }

  /** What of a session's logs may be told. */
  async #giveInPart(
    subjects: ExportedStatement['subjects'],
    session: string,
    events: EventLog,
    withholding: Withholding,
  ): Promise<void> {
    const { writer } = this.#order;
    this.#parts.delete(session);
    this.#seen.add(session);
    for (const digest of eventLogs(subjects)) {
      const bytes = await events.bytes(digest);
      if (!bytes) continue;
      const told = toldInPart(bytes, digest, session, (line) => {
        const held = withholding.holds(line);
        if (held) this.held.events += 1;
        return held;
      });
      await writer.disclosed?.(digest, told).catch(unreadable);
    }
  }

  /** Parts whose session never ended. */
  async unfinished(): Promise<void> {
    for (const [session, logs] of this.#parts) {
      const events = new EventLog(this.#order.store, logs, session);
      const withholding = await this.#learned(session, events);
      if (withholding) await this.#giveInPart(logs, session, events, withholding);
    }
  }
}
