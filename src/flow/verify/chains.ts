// Follows every writer's chain: numbers, links, epochs, sessions, seals, witnesses. Must never need more memory than open ends.
import { Digests } from './digests.ts';
import type { Findings } from './findings.ts';
import { type ChainOptions, openEnds } from './open-ends.ts';
import { OpenSessions, type SessionLink } from './open-sessions.ts';
import type { Checkpoint } from './outside.ts';

/** A statement that passed every step of its own; `digest` is of the file as the store gave it. */
export type Link = SessionLink;

/** A file that was refused: its place in the chain is taken, its content counts for nothing. */
export interface RefusedLink {
  readonly key: string;
  readonly digest: string;
  readonly writer: string;
  readonly seq: number;
}

interface Writer {
  readonly id: string;
  /** Number and digest of the last link; the next must name it. */
  last: { key: string; seq: number; digest: string; refused: boolean } | undefined;
  epoch: number;
  jkt: string;
  /** Issuer and subject of its first statement; a chain never changes hands. */
  person: string;
  loggedOut: boolean;
  /** Keys that have said their last word. */
  readonly retired: Set<string>;
  sealed: boolean;
  /** Of the last statement. */
  day: string;
  time: string;
  readonly open: OpenSessions;
  /** Seconds within which its epoch promises to be heard of again. */
  within: number | undefined;
  readonly late: (Link | RefusedLink)[];
  /** Recent digests by number, for witnesses. */
  readonly digests: Digests;
}

/** A statement somebody else saw, with the digest it had then. */
interface Vouched {
  readonly key: string;
  readonly writer: string;
  readonly seq: number;
  readonly head: string;
  readonly step: 'witness' | 'checkpoint';
}

const MOST_WITNESSED = 50_000;
const LONGEST_PROMISE = 86_400;

function promised(within: unknown): number | undefined {
  return Number.isSafeInteger(within) && (within as number) > 0
    ? Math.min(within as number, LONGEST_PROMISE)
    : undefined;
}

function isRefused(link: Link | RefusedLink): link is RefusedLink {
  return !('predicate' in link);
}

function writerOf(link: Link | RefusedLink): string {
  return isRefused(link) ? link.writer : link.predicate.chain.writer;
}

function seqOf(link: Link | RefusedLink): number {
  return isRefused(link) ? link.seq : link.predicate.chain.seq;
}

export class Chains {
  readonly #writers = new Map<string, Writer>();
  readonly #findings: Findings;
  readonly #options: ChainOptions;
  #witnessed: Vouched[] = [];

  constructor(findings: Findings, options: ChainOptions) {
    this.#findings = findings;
    this.#options = options;
  }

  add(link: Link | RefusedLink): void {
    const writer = this.#writer(writerOf(link));
    const seq = seqOf(link);
    const expected = writer.last ? writer.last.seq + 1 : this.#options.partialStart ? seq : 0;
    if (seq === expected) this.#follow(writer, link);
    else writer.late.push(link);
    if (isRefused(link)) return;
    for (const { writer: other, seq: at, head } of link.predicate.seen)
      this.#witnessed.push({ key: link.key, writer: other, seq: at, head, step: 'witness' });
    if (this.#witnessed.length > MOST_WITNESSED) this.#settle();
  }

  /** What was seen and has come up since needs no memory any more. */
  #settle(): void {
    this.#witnessed = this.#witnessed.filter(
      ({ writer, seq, head }) => this.#writers.get(writer)?.digests.get(seq) !== head,
    );
  }

  /** What an auditor's checkpoint saw earlier. */
  vouch({ file, heads }: Checkpoint): void {
    for (const { writer, seq, head } of heads)
      this.#witnessed.push({ key: file, writer, seq, head, step: 'checkpoint' });
  }

  #writer(id: string): Writer {
    let writer = this.#writers.get(id);
    if (!writer) {
      writer = {
        id,
        last: undefined,
        epoch: 0,
        jkt: '',
        person: '',
        loggedOut: false,
        retired: new Set(),
        sealed: false,
        day: '',
        time: '',
        open: new OpenSessions(this.#options.partialStart),
        within: undefined,
        late: [],
        digests: new Digests(),
      };
      this.#writers.set(id, writer);
    }
    return writer;
  }

  #invalid(file: string, reason: string): void {
    this.#findings.integrity({ verdict: 'INVALID', step: 'chain', file, reason });
  }

  #follow(writer: Writer, link: Link | RefusedLink): void {
    const seq = seqOf(link);
    const before = writer.last;
    writer.last = { key: link.key, seq, digest: link.digest, refused: isRefused(link) };
    writer.digests.set(seq, link.digest);
    if (isRefused(link)) {
      writer.open.blur();
      return;
    }
    const { chain } = link.predicate;
    if (before && before.seq === seq - 1 && chain.prev !== before.digest) {
      // A refused predecessor was reported already.
      if (!before.refused) this.#invalid(link.key, `its prev is not the digest of ${before.key}`);
    }
    if (seq === 0 && !/^0{64}$/.test(chain.prev))
      this.#invalid(link.key, 'the first statement names a previous one');
    this.#epoch(writer, link, before !== undefined);
    this.#content(writer, link, before);
  }

  #epoch(writer: Writer, { key, predicate }: Link, known: boolean): void {
    const { kind, chain, identity, clock } = predicate;
    const person = `${identity.iss}\0${identity.sub}`;
    writer.person ||= person;
    if (person !== writer.person) this.#invalid(key, 'its chain belongs to another person');
    if (kind === 'epoch') {
      if (writer.retired.has(identity.jkt))
        this.#invalid(key, 'its key begins an epoch after it had logged out');
      if (known && writer.epoch > 0 && chain.epoch !== writer.epoch + 1)
        this.#invalid(key, 'its epoch does not follow the last');
    } else if (chain.seq === 0) this.#invalid(key, 'a chain must begin with an epoch');
    else if (writer.epoch > 0 && (chain.epoch !== writer.epoch || identity.jkt !== writer.jkt))
      this.#invalid(key, 'it is signed by a key other than its epoch’s');
    else if (writer.loggedOut) this.#invalid(key, 'its key signed after it had logged out');
    if (clock.wall < writer.time)
      this.#findings.note({
        about: 'clock',
        file: key,
        text: 'its clock is behind that of the statement before it',
      });
    writer.epoch = chain.epoch;
    writer.jkt = identity.jkt;
    if (clock.wall > writer.time) writer.time = clock.wall;
  }

  #content(writer: Writer, link: Link, before: Writer['last']): void {
    const { kind, session, detail } = link.predicate;
    if (kind === 'epoch') {
      writer.loggedOut = false;
      writer.within = promised(detail?.['within']);
    }
    if (kind === 'seal') this.#seal(writer, link, before);
    writer.sealed = kind === 'seal';
    writer.day = link.predicate.clock.wall.slice(0, 10);
    const problem = writer.open.take(link);
    if (!problem) return;
    const about = { file: link.key, ...(session ? { session: session.id } : {}) };
    if (problem.verdict === 'INVALID') this.#findings.integrity({ ...problem, ...about });
    else this.#findings.completeness({ ...problem, ...about });
  }

  #seal(writer: Writer, { key, predicate }: Link, before: Writer['last']): void {
    const { detail, identity } = predicate;
    if (detail?.['reason'] === 'logout') {
      writer.loggedOut = true;
      writer.retired.add(identity.jkt);
    }
    const follows = before && !before.refused && before.seq === predicate.chain.seq - 1;
    if (detail?.['reason'] === 'day' && follows && detail['day'] !== writer.day)
      this.#findings.integrity({
        verdict: 'INVALID',
        step: 'seal',
        file: key,
        reason: `it seals ${String(detail['day'])}, and the statement before it is of ${writer.day}`,
      });
  }

  /** After the last statement: what is missing, doubled, unfinished, unsealed, or known only to a witness. */
  finish(): void {
    for (const writer of this.#writers.values()) {
      this.#late(writer);
      openEnds(writer, this.#findings, this.#options);
    }
    for (const each of this.#witnessed) this.#witness(each);
  }

  /** Links that came before their turn: a gap lies before them, or their number is taken. */
  #late(writer: Writer): void {
    writer.late.sort((a, b) => seqOf(a) - seqOf(b));
    for (const link of writer.late) {
      const seq = seqOf(link);
      const next = writer.last ? writer.last.seq + 1 : 0;
      if (seq < next) {
        const reason = `writer ${writer.id} has two statements with number ${seq}`;
        this.#findings.completeness({ verdict: 'FORK', step: 'chain', file: link.key, reason });
        continue;
      }
      if (seq > next) {
        const range = seq - next === 1 ? `number ${next}` : `numbers ${next} to ${seq - 1}`;
        const reason = `${range} of writer ${writer.id} missing before it`;
        this.#findings.completeness({ verdict: 'MISSING', step: 'chain', file: link.key, reason });
        writer.open.gap();
        writer.epoch = 0;
      }
      this.#follow(writer, link);
    }
  }

  #witness({ key, writer, seq, head, step }: Vouched): void {
    const found = this.#writers.get(writer);
    const digest = found?.digests.get(seq);
    if (digest === head) return;
    if (digest !== undefined) {
      const who = step === 'witness' ? 'a witness' : 'the checkpoint';
      const reason = `${who} saw another statement ${seq} of writer ${writer}`;
      this.#findings.completeness({ verdict: 'FORK', step, file: key, reason });
      return;
    }
    if (found?.last ? seq > found.last.seq : !this.#options.partialStart) {
      const reason = `it saw statement ${seq} of writer ${writer}, which is not here`;
      this.#findings.completeness({ verdict: 'TRUNCATED', step, file: key, reason });
    }
  }
}
