// Checks a sealed event log against what its statement says of it, line by line. Must never hold more than a batch of lines.
import { CanonicalError, canonical, type Json, parseCanonical } from '../../lib/canonical.ts';
import { isSha256, sha256 } from '../../lib/digest.ts';
import { gunzip, InflateLimit } from '../../lib/gzip.ts';
import { MerkleTree } from '../../lib/merkle.ts';
import type { InTotoStatement, Predicate, Subject } from '../../model/evidence.ts';
import { LineSalts, lineLeaf, parseSealedHeader } from '../../model/sealed.ts';
import { APPROVALS_BLOB, type NamedApprovals, SessionApprovals } from '../../model/session-approvals.ts';
import type { Step } from '../../model/verdict.ts';

export interface EventProblem {
  readonly step: Step;
  readonly reason: string;
}

export class EventError extends Error {
  readonly step: Step;

  constructor(step: Step, reason: string) {
    super(reason);
    this.name = 'EventError';
    this.step = step;
  }
}

/** A log inflates to no more than this. */
const MAX_INFLATED = 4 * 2 ** 30;
const MAX_LINE = 64 * 2 ** 20;

/** Splits inflated bytes into lines; text after the last line feed is an error. */
async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  // Joined when its line ends: a long line costs its length, not the square of it.
  let rest: Buffer[] = [];
  let held = 0;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const chunk of chunks) {
    const last = chunk.lastIndexOf(10);
    if (last < 0) {
      rest.push(chunk);
      held += chunk.length;
      if (held > MAX_LINE) throw new EventError('events-format', 'a line is too long');
      continue;
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, last)]);
    rest = last + 1 < chunk.length ? [Buffer.from(chunk.subarray(last + 1))] : [];
    held = chunk.length - last - 1;
    yield decoder.decode(whole).split('\n');
  }
  if (held > 0) throw new EventError('events-format', 'the last line has no end');
}

export interface SealedLine {
  readonly seq: number;
  readonly line: string;
  readonly value: Readonly<Record<string, Json>>;
}

function parseEvent(line: string, seq: number, session: string): Readonly<Record<string, Json>> {
  let value: Json;
  try {
    value = parseCanonical(line);
  } catch (error) {
    if (error instanceof CanonicalError) throw new EventError('event-line', `event ${seq}: ${error.message}`);
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EventError('event-line', `event ${seq} is not an object`);
  const event = value as Readonly<Record<string, Json>>;
  if (event['seq'] !== seq) throw new EventError('event-line', `event ${seq} has another number`);
  if (event['session'] !== session && event['session'] !== 'unknown')
    throw new EventError('event-line', `event ${seq} is of another session`);
  return event;
}

/** Yields the events of one sealed log in batches; throws EventError at the first thing that is not as it must be. */
async function* logEvents(
  blob: Uint8Array,
  session: string,
  first: number,
): AsyncGenerator<{ salt: string; batch: SealedLine[] }> {
  let salt: string | undefined;
  let seq = first;
  const source = (async function* () {
    for (let at = 0; at < blob.byteLength; at += 1 << 20) yield blob.subarray(at, at + (1 << 20));
  })();
  try {
    for await (const texts of lines(gunzip(source, MAX_INFLATED))) {
      const batch: SealedLine[] = [];
      for (const line of texts) {
        if (salt === undefined) {
          const header = parseSealedHeader(line);
          if (!header) throw new EventError('events-format', 'the first line is not a header');
          if (header.session !== session)
            throw new EventError('events-format', 'it is the log of another session');
          if (header.first !== first)
            throw new EventError('events-format', `it begins with event ${header.first}, not ${first}`);
          salt = header.salt;
        } else {
          batch.push({ seq, line, value: parseEvent(line, seq, session) });
          seq += 1;
        }
      }
      if (salt !== undefined) yield { salt, batch };
    }
  } catch (error) {
    if (error instanceof EventError) throw error;
    const reason =
      error instanceof InflateLimit ? error.message : `it cannot be unpacked: ${(error as Error).message}`;
    throw new EventError('events-format', reason);
  }
  if (salt === undefined) throw new EventError('events-format', 'it is empty');
}

/** The same for all logs of a session, one after the other. Each is asked for when its turn comes. */
export async function* sealedEvents(
  logs: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  session: string,
  first = 0,
): AsyncGenerator<{ salt: string; batch: SealedLine[]; first: number }> {
  let from = first;
  for await (const log of logs instanceof Uint8Array ? [logs] : logs) {
    let next = from;
    for await (const { salt, batch } of logEvents(log, session, from)) {
      next += batch.length;
      yield { salt, batch, first: from };
    }
    from = next;
  }
}

/** Undefined when the logs are what the statement says. */
export async function eventsProblem(
  logs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { predicate, subject }: Pick<InTotoStatement, 'predicate' | 'subject'>,
  decidedBy: Set<string> = new Set(),
): Promise<EventProblem | undefined> {
  const { session, events, kind } = predicate;
  if (!session || !events) return { step: 'events-format', reason: 'the statement does not describe it' };
  const tree = new MerkleTree();
  const asked = new SessionApprovals();
  try {
    let [salts, log]: [LineSalts | undefined, number] = [undefined, -1];
    for await (const { salt, batch, first } of sealedEvents(logs, session.id, events.first)) {
      if (!salts || first !== log) salts = new LineSalts(salt, first);
      log = first;
      for (const { line, value } of batch) {
        tree.append(lineLeaf(salts.next(), line));
        if (value['type'] === 'statement') addPolicy(value['data'], decidedBy);
        if (value['type'] === 'approval.end') asked.add(value['data'] as Readonly<Record<string, Json>>);
      }
    }
  } catch (error) {
    if (error instanceof EventError) return { step: error.step, reason: error.message };
    throw error;
  }
  if (tree.count !== events.count)
    return {
      step: 'events-count',
      reason: `it has ${tree.count} events, the statement says ${events.count}`,
    };
  if (tree.root() !== events.merkleRoot)
    return { step: 'merkle-root', reason: 'its events have another Merkle root' };
  return kind === 'part' ? undefined : approvalsProblem(asked.named(), predicate.approvals, subject);
}

/** Policies change seldom: a session with more was made up. */
const MAX_POLICIES = 1_000;

function addPolicy(data: Json | undefined, decidedBy: Set<string>): void {
  const digest = (data as Readonly<Record<string, Json>> | null | undefined)?.['policyDigest'];
  if (isSha256(digest) && decidedBy.size < MAX_POLICIES) decidedBy.add(digest);
}

/** A statement names the very requests that its events tell of. */
function approvalsProblem(
  told: NamedApprovals,
  named: Predicate['approvals'],
  subject: readonly Subject[],
): EventProblem | undefined {
  const blob = subject.find((each) => each.name === APPROVALS_BLOB)?.digest.sha256;
  const [approvals, text] = [
    told.kind === 'named' ? told.approvals : undefined,
    told.kind === 'blob' ? sha256(told.text) : undefined,
  ];
  if (canonical([approvals ?? null, text ?? null]) === canonical([named ?? null, blob ?? null]))
    return undefined;
  return { step: 'request', reason: 'its events tell of other requests than the statement names' };
}
