// Follows the sessions of one chain: opened, heard of again in parts, ended. Must never let an end leave a part out.
import type { PartRef, Predicate, Subject } from '../../model/evidence.ts';
import { eventLogs, eventsBlob } from '../../model/sealed.ts';
import type { Step } from '../../model/verdict.ts';

export interface SessionLink {
  readonly key: string;
  readonly digest: string;
  readonly predicate: Predicate;
  readonly subject: readonly Subject[];
}

export interface OpenSession {
  readonly key: string;
  readonly opened: string;
  /** The last time its chain said anything of it. */
  heard: string;
  readonly parts: (PartRef & { readonly log: string | undefined })[];
  /** Number of the event that comes next. */
  next: number;
  /** False when statements about it may lie outside of what was read. */
  known: boolean;
}

export type SessionProblem =
  | { readonly verdict: 'INVALID'; readonly step: Step; readonly reason: string }
  | { readonly verdict: 'MISSING'; readonly step: Step; readonly reason: string };

function invalid(step: Step, reason: string): SessionProblem {
  return { verdict: 'INVALID', step, reason };
}

export class OpenSessions {
  readonly #open = new Map<string, OpenSession>();
  /** Statements before these may be missing or unread. */
  #unsure: boolean;

  constructor(unsure: boolean) {
    this.#unsure = unsure;
  }

  /** Every session that has no end, by its id. */
  entries(): Iterable<[string, OpenSession]> {
    return this.#open;
  }

  /** A gap: who was opened or ended in it is not to be blamed twice. */
  gap(): void {
    this.#open.clear();
    this.#unsure = true;
  }

  /** A statement that was refused may have been anybody's part. */
  blur(): void {
    for (const each of this.#open.values()) each.known = false;
  }

  take(link: SessionLink): SessionProblem | undefined {
    const { kind, session, detail, clock } = link.predicate;
    if ((kind === 'seal' || kind === 'epoch') && Array.isArray(detail?.['open']))
      for (const id of detail['open']) {
        const open = this.#open.get(String(id));
        if (open) open.heard = clock.wall;
      }
    if (!session) return undefined;
    if (kind === 'open') return this.#opened(session.id, link);
    if (kind === 'part') return this.#part(session.id, link);
    return kind === 'session' ? this.#ended(session.id, link) : undefined;
  }

  #opened(id: string, { key, predicate }: SessionLink): SessionProblem | undefined {
    const twice = this.#open.has(id);
    const { wall } = predicate.clock;
    this.#open.set(id, { key, opened: wall, heard: wall, parts: [], next: 0, known: true });
    return twice ? invalid('chain', `session ${id} is opened twice`) : undefined;
  }

  #part(id: string, { key, digest, predicate, subject }: SessionLink): SessionProblem | undefined {
    const { clock, events, chain } = predicate;
    const before = this.#open.get(id);
    const open = before ?? { key, opened: clock.wall, heard: '', parts: [], next: 0, known: false };
    this.#open.set(id, open);
    open.heard = clock.wall;
    const { first = 0, count = 0 } = events ?? {};
    const goesOn = first === open.next && subject.some(({ name }) => name === eventsBlob(open.parts.length));
    const [log] = eventLogs(subject);
    open.parts.push({ seq: chain.seq, head: digest, log });
    open.next = first + count;
    if (!before && !this.#unsure)
      return {
        verdict: 'MISSING',
        step: 'session',
        reason: `session ${id} has a part and no open statement`,
      };
    if (open.known && !goesOn)
      return invalid('part', `it does not go on where the events of session ${id} had come to`);
    return undefined;
  }

  #ended(id: string, { predicate, subject }: SessionLink): SessionProblem | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (!open)
      return this.#unsure
        ? undefined
        : { verdict: 'MISSING', step: 'session', reason: `session ${id} has no open statement` };
    const { parts = [], events } = predicate;
    const logs = eventLogs(subject);
    const seen = open.known ? open.parts : open.parts.slice(-parts.length);
    const at = parts.length - seen.length;
    const same = seen.every(({ seq, head, log }, index) => {
      const named = parts[at + index];
      return named?.seq === seq && named.head === head && logs[at + index] === log;
    });
    if ((open.known && at !== 0) || !same)
      return invalid('part', `session ${id} names other parts than its chain holds`);
    if ((events?.count ?? 0) < open.next)
      return invalid('part', `session ${id} has fewer events than its parts`);
    return undefined;
  }
}
