// Fetches blobs and holds them to their digests. Must never keep a large one, nor trust a name.
import { sha256 } from '../../lib/digest.ts';
import { blobKey } from '../../model/bundle.ts';
import { disclosedKey } from '../../model/disclosed.ts';
import { BrokerError } from '../../model/errors.ts';
import type { InTotoStatement, Subject } from '../../model/evidence.ts';
import { eventLogs, logNumber, POLICY_BLOB } from '../../model/sealed.ts';
import type { CompletenessFinding, IntegrityFinding, Note, Step } from '../../model/verdict.ts';
import { type EventsSeen, eventsProblem, WithheldEvents } from './events.ts';
import { forgetOldest } from './findings.ts';
import { LargeReads, Turn } from './large.ts';
import type { DisclosedLog, Log } from './log.ts';
import type { EvidenceReader, Span } from './source.ts';

/** A blob larger than this is refused unread. */
const MAX_BLOB = 2 ** 30;
const MAX_TEXT = 512 * 1024;
const KNOWN = 100_000;
/** Sign-ins and provider keys are named by many statements that stand together: few are remembered. */
const TEXTS = 1_000;

type Fetched = { readonly bytes: Uint8Array } | { readonly missing: true } | { readonly wrong: string };

type Text = string | { readonly reason: string };

export interface BlobFindings {
  readonly integrity: IntegrityFinding[];
  readonly completeness: CompletenessFinding[];
  /** What of a session was withheld, and what is proven all the same. */
  readonly notes: Note[];
}

export class Blobs {
  readonly #reader: EvidenceReader;
  /** Digests found to be right, so that the policy of a thousand sessions is read once. */
  readonly #good = new Set<string>();
  readonly #texts = new Map<string, Promise<Text>>();
  readonly #counted = new Set<string>();
  readonly #large: LargeReads;
  readonly counts = { blobs: 0, events: 0, bytes: 0 };

  /** Left out of an export, by its own word. */
  readonly withheld = new Set<string>();
  readonly #mayMiss: ReadonlySet<string>;

  constructor(reader: EvidenceReader, mayMiss: ReadonlySet<string>) {
    this.#reader = reader;
    this.#large = new LargeReads(reader);
    this.#mayMiss = mayMiss;
  }

  /** Logs told in part of which every event was held to a signed root. */
  readonly #proven = new Set<string>();

  /** Proofs that are not there or not as they were, by key: named once, however many statements need them. */
  readonly broken = new Map<string, string>();

  /** A small blob as text; undefined (and in `broken`) when it is not there, too long, or not what its digest says. */
  async text(digest: string): Promise<string | undefined> {
    const found = await this.quietText(digest);
    if (typeof found === 'string') return found;
    this.broken.set(blobKey(digest), found.reason);
    return undefined;
  }

  /** The same for what nobody signed: that it names a blob which is not there says nothing about the evidence. */
  quietText(digest: string): Promise<Text> {
    let text = this.#texts.get(digest);
    if (!text) {
      text = this.#fetch(digest, MAX_TEXT).then((found) => {
        if (!('bytes' in found)) return { reason: 'wrong' in found ? found.wrong : 'it is not there' };
        this.#good.add(digest);
        return Buffer.from(found.bytes).toString('utf8');
      });
      this.#texts.set(digest, text);
      forgetOldest(this.#texts, TEXTS);
    }
    return text;
  }

  /** A blob that is checked with its statement's others, once more as text; undefined when it is not as it was. */
  async largeText(digest: string, limit: number): Promise<string | undefined> {
    const found = await this.#fetch(digest, limit);
    return 'bytes' in found ? Buffer.from(found.bytes).toString('utf8') : undefined;
  }

  /** What is told of a log that nothing signed proves could be anybody's words. A look at some days cannot know. */
  async finish({ since, until }: Span): Promise<void> {
    if (since !== undefined || until !== undefined || this.#mayMiss.size === 0) return;
    for await (const { key } of this.#reader.list(disclosedKey('')))
      if (!this.#proven.has(key.slice(disclosedKey('').length)))
        this.broken.set(key, 'it tells events that nothing signed here proves');
  }

  mayMiss(digest: string): boolean {
    return this.#mayMiss.has(digest);
  }

  async #fetch(digest: string, limit: number, turn?: Turn): Promise<Fetched> {
    const key = blobKey(digest);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await (turn ? this.#large.get(key, limit, turn) : this.#reader.get(key, limit));
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'not-verified')
        return { wrong: error.details['reason'] as string };
      throw error;
    }
    if (!bytes) return { missing: true };
    this.#count(digest, bytes.byteLength);
    return sha256(bytes) === digest ? { bytes } : { wrong: 'its bytes have another digest' };
  }

  /** Each blob once, in whatever order statements that share it are checked. */
  #count(digest: string, length: number): void {
    if (this.#counted.has(digest)) return;
    if (this.#counted.size < KNOWN) this.#counted.add(digest);
    this.counts.blobs += 1;
    this.counts.bytes += length;
  }

  /** Checks every blob a statement vouches for, and a session's events line by line. */
  async check(file: string, statement: InTotoStatement): Promise<BlobFindings> {
    const findings: BlobFindings = { integrity: [], completeness: [], notes: [] };
    const found: Found = { findings, logs: 0, told: new Map(), absent: [], turn: new Turn() };
    const reason = policyProblem(statement);
    if (reason) findings.integrity.push({ verdict: 'INVALID', step: 'publication', file, reason });
    try {
      for (const subject of statement.subject) await this.#checkOne(file, subject, statement, found);
      await this.#checkEvents(file, statement, found);
    } finally {
      found.turn.end();
    }
    return findings;
  }

  /** Logs one after the other, fetched again when their turn comes: only one of many is held at a time. */
  async #checkEvents(
    file: string,
    statement: InTotoStatement,
    { findings, logs, told, absent, turn }: Found,
  ): Promise<void> {
    const { kind, session, events } = statement.predicate;
    const digests = eventLogs(statement.subject);
    if (digests.length === 0 && events === undefined) return;
    const about = {
      file: blobKey(digests.at(-1) ?? ''),
      ...(session === undefined ? {} : { session: session.id }),
    };
    const invalid = (step: Step, reason: string) =>
      findings.integrity.push({
        verdict: 'INVALID',
        step,
        reason,
        ...about,
        ...(digests.length === 0 ? { file } : {}),
      });
    if (kind !== 'session' && kind !== 'part') {
      invalid('events-format', 'only a session and its parts have events');
      return;
    }
    const names = statement.subject.flatMap(({ name }) => logNumber(name) ?? []).sort((a, b) => a - b);
    if (kind === 'part' ? names.length !== 1 : !isWhole(names, statement.predicate.parts?.length ?? 0)) {
      invalid('events-format', 'it names other logs than it has parts');
      return;
    }
    // What is missing, withheld or wrong was told of.
    if (logs !== digests.length) return;
    for (const [digest, log] of told) if (!(log instanceof Uint8Array)) this.#proven.add(digest);
    const seen: EventsSeen = { policies: new Set(), withheld: new WithheldEvents() };
    const problem = await eventsProblem(this.#again(digests, told, turn), statement, seen);
    if (problem) invalid(problem.step, problem.reason);
    else if (kind === 'session') {
      this.counts.events += (events?.count ?? 0) - seen.withheld.count;
      findings.notes.push(...partNotes(file, statement, seen.withheld, absent));
    }
    for (const policy of seen.policies) await this.#archived(policy, session?.id, findings, turn);
  }

  /** What decided a statement must be there to be read, also where it changed while the session was open. */
  async #archived(
    policy: string,
    session: string | undefined,
    findings: BlobFindings,
    turn: Turn,
  ): Promise<void> {
    if (this.#good.has(policy) || this.#mayMiss.has(policy)) return;
    const about = { file: blobKey(policy), ...(session === undefined ? {} : { session }) };
    const what = 'the policy that decided statements of the session';
    const found = await this.#fetch(policy, MAX_BLOB, turn);
    const told = 'wrong' in found ? `${what}: ${found.wrong}` : `${what} is not there`;
    if ('wrong' in found)
      findings.integrity.push({ verdict: 'INVALID', step: 'publication', reason: told, ...about });
    else if ('missing' in found)
      findings.completeness.push({ verdict: 'MISSING', step: 'publication', reason: told, ...about });
    else if (this.#good.size < KNOWN) this.#good.add(policy);
  }

  async *#again(digests: readonly string[], told: Found['told'], turn: Turn): AsyncGenerator<Log> {
    for (const digest of digests) {
      const held = told.get(digest);
      if (held instanceof Uint8Array) yield held;
      else if (held) yield (await this.#disclosed(digest, turn)) ?? held;
      else {
        const found = await this.#fetch(digest, MAX_BLOB, turn);
        if ('bytes' in found) yield found.bytes;
      }
    }
  }

  /** What stands for a log that an export tells in part. */
  async #disclosed(log: string, turn: Turn): Promise<DisclosedLog | undefined> {
    try {
      const disclosed = await this.#large.get(disclosedKey(log), MAX_BLOB, turn);
      return disclosed && { disclosed, log };
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'not-verified') return { disclosed: NOTHING, log };
      throw error;
    }
  }

  async #checkOne(file: string, subject: Subject, statement: InTotoStatement, found: Found): Promise<void> {
    const { findings } = found;
    const digest = subject.digest.sha256;
    const events = logNumber(subject.name) !== undefined;
    if (this.#good.has(digest) && !events) return;
    const session = statement.predicate.session?.id;
    const about = { file: blobKey(digest), ...(session === undefined ? {} : { session }) };
    const fetched = await this.#fetch(digest, MAX_BLOB, found.turn);
    if ('missing' in fetched) {
      if (this.#mayMiss.has(digest)) {
        const part = events ? await this.#disclosed(digest, found.turn) : undefined;
        if (!part) {
          this.withheld.add(digest);
          found.absent.push(subject.name);
          return;
        }
        found.logs += 1;
        found.told.set(digest, { ...part, disclosed: NOTHING });
        return;
      }
      const reason = `${subject.name} of ${file} is not there`;
      findings.completeness.push({ verdict: 'MISSING', step: 'blob', reason, ...about });
      return;
    }
    if ('wrong' in fetched) {
      const reason = `${subject.name} of ${file}: ${fetched.wrong}`;
      findings.integrity.push({ verdict: 'INVALID', step: 'blob', reason, ...about });
      return;
    }
    if (this.#good.size < KNOWN) this.#good.add(digest);
    // Of many logs the bytes are fetched again, one at a time.
    if (!events) return;
    if (found.logs === 0) found.told.set(digest, fetched.bytes);
    found.logs += 1;
  }
}

const NOTHING = new Uint8Array();

interface Found {
  readonly findings: BlobFindings;
  /** Logs that can be read. */
  logs: number;
  /** The first log, so that it is fetched once; and which logs are told in part. */
  readonly told: Map<string, Log>;
  /** Names of blobs that were left out. */
  readonly absent: string[];
  readonly turn: Turn;
}

/** By name: what an export of a session holds back, and that the rest was proven. */
function partNotes(
  file: string,
  { predicate }: InTotoStatement,
  { count, text }: WithheldEvents,
  absent: readonly string[],
): Note[] {
  if (count === 0) return [];
  const { session, events } = predicate;
  const rest = (events?.count ?? 0) - count;
  const also = absent.length > 0 ? `; withheld as a whole: ${absent.join(', ')}` : '';
  const told = `session ${session?.id ?? ''}: ${count} of ${events?.count ?? 0} events are withheld (${text}); the other ${rest} are proven${also}`;
  return [{ about: 'withheld', file, text: told }];
}

/** One log for each part, and one for the rest. */
function isWhole(numbers: readonly number[], parts: number): boolean {
  return numbers.length === parts + 1 && numbers.every((number, index) => number === index);
}

/** The policy that a statement names is the one it vouches for. */
function policyProblem({ predicate, subject }: InTotoStatement): string | undefined {
  const { kind, policy } = predicate;
  if (!policy || !['open', 'session', 'config'].includes(kind)) return undefined;
  const archived = subject.find(({ name }) => name === POLICY_BLOB)?.digest.sha256;
  return archived === policy.digest ? undefined : 'the policy that it names is not what it vouches for';
}
