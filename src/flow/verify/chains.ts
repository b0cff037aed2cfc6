// Follows every writer's chain: numbers, links, epochs, sessions, seals, witnesses. Must never need more memory than open ends.
import type { Predicate } from '../../model/evidence.ts';
import type { Findings } from './findings.ts';
import type { Checkpoint } from './outside.ts';

export interface Link {
  readonly key: string;
  /** SHA-256 of the file as the store gave it. */
  readonly digest: string;
  readonly predicate: Predicate;
}

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
  time: string;
  readonly open: Map<string, { key: string; opened: string }>;
  readonly late: (Link | RefusedLink)[];
  /** Recent digests by number, for witnesses. */
  readonly digests: Map<number, string>;
}

/** A statement somebody else saw, with the digest it had then. */
interface Vouched {
  readonly key: string;
  readonly writer: string;
  readonly seq: number;
  readonly head: string;
  readonly step: 'witness' | 'checkpoint';
}

export interface ChainOptions {
  /** The span does not begin with the store: a chain may begin anywhere, and sessions may have been opened before. */
  readonly partialStart: boolean;
  /** The span ends before now: sessions may end and seals may come after it. */
  readonly partialEnd: boolean;
  readonly now: number;
  /** Milliseconds an open session or an unsealed tail is normal. */
  readonly grace: number;
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
  readonly #witnessed: Vouched[] = [];

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
    if (!isRefused(link))
      for (const { writer: other, seq: at, head } of link.predicate.seen)
        this.#witnessed.push({ key: link.key, writer: other, seq: at, head, step: 'witness' });
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
        time: '',
        open: new Map(),
        late: [],
        digests: new Map(),
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
    if (isRefused(link)) return;
    const { chain } = link.predicate;
    if (before && before.seq === seq - 1 && chain.prev !== before.digest) {
      // A refused predecessor was reported already.
      if (!before.refused) this.#invalid(link.key, `its prev is not the digest of ${before.key}`);
    }
    if (seq === 0 && !/^0{64}$/.test(chain.prev))
      this.#invalid(link.key, 'the first statement names a previous one');
    this.#epoch(writer, link, before !== undefined);
    this.#content(writer, link);
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

  #content(writer: Writer, { key, predicate }: Link): void {
    const { kind, session, detail, clock } = predicate;
    writer.sealed = kind === 'seal';
    if (kind === 'epoch') writer.loggedOut = false;
    if (kind === 'seal' && detail?.['reason'] === 'logout') {
      writer.loggedOut = true;
      writer.retired.add(predicate.identity.jkt);
    }
    if (!session) return;
    if (kind === 'open') {
      if (writer.open.has(session.id)) this.#invalid(key, `session ${session.id} is opened twice`);
      writer.open.set(session.id, { key, opened: clock.wall });
    }
    if (kind === 'session' && !writer.open.delete(session.id) && !this.#options.partialStart)
      this.#findings.completeness({
        verdict: 'MISSING',
        step: 'session',
        file: key,
        session: session.id,
        reason: `session ${session.id} has no open statement`,
      });
  }

  /** After the last statement: what is missing, doubled, unfinished, unsealed, or known only to a witness. */
  finish(): void {
    for (const writer of this.#writers.values()) {
      this.#late(writer);
      this.#unfinished(writer);
      this.#unsealed(writer);
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
        // Sessions opened or ended in the gap are not to be blamed twice.
        writer.open.clear();
        writer.epoch = 0;
      }
      this.#follow(writer, link);
    }
  }

  #old(time: string): boolean {
    return this.#options.now - Date.parse(time) > this.#options.grace;
  }

  #unfinished(writer: Writer): void {
    for (const [session, { key, opened }] of writer.open) {
      if (!this.#options.partialEnd && (writer.loggedOut || this.#old(opened))) {
        const reason = `session ${session} was opened ${opened} and never sealed`;
        this.#findings.completeness({ verdict: 'UNFINISHED', step: 'session', file: key, session, reason });
      } else {
        const text = `session ${session}, opened ${opened}, is still open or not uploaded yet: its record is not here yet`;
        this.#findings.note({ about: 'open-session', file: key, text });
      }
    }
  }

  #unsealed(writer: Writer): void {
    const { last } = writer;
    if (!last || writer.sealed || last.refused || this.#options.partialEnd) return;
    if (this.#old(writer.time)) {
      const reason = `writer ${writer.id} ends without a seal: newer statements could be gone without a trace`;
      this.#findings.completeness({ verdict: 'UNSEALED', step: 'seal', file: last.key, reason });
    } else {
      const text = `writer ${writer.id} is at work: nothing vouches yet for the end of its chain, after number ${last.seq}`;
      this.#findings.note({ about: 'unsealed-tail', file: last.key, text });
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
