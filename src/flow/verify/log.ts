// Reads event logs as they were sealed, or as they are told in part: lines, numbers, leaves. Must never hold more than a batch of lines.
import { CanonicalError, type Json, parseCanonical } from '../../lib/canonical.ts';
import { gunzip, gunzipSmall, InflateLimit } from '../../lib/gzip.ts';
import {
  disclosedHeader,
  disclosedLine,
  parseDisclosedHeader,
  parseDisclosedLine,
} from '../../model/disclosed.ts';
import { LineSalts, lineLeaf, parseSealedHeader } from '../../model/sealed.ts';
import type { Step } from '../../model/verdict.ts';

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

/** A log that is here as it was sealed, or told in part. */
export type Log = Uint8Array | DisclosedLog;

export interface DisclosedLog {
  readonly disclosed: Uint8Array;
  /** Digest of the log it stands for. */
  readonly log: string;
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

/** Most logs are short: they need no stream. What is long, or damaged, is read as one, so that both are refused alike. */
const SMALL = { packed: 64 * 1024, whole: 1 << 20 };

async function* inflated(blob: Uint8Array): AsyncGenerator<Buffer> {
  const whole = blob.byteLength <= SMALL.packed ? await gunzipSmall(blob, SMALL.whole) : undefined;
  if (whole) {
    if (whole.length > 0) yield whole;
    return;
  }
  const source = (async function* () {
    for (let at = 0; at < blob.byteLength; at += 1 << 20) yield blob.subarray(at, at + (1 << 20));
  })();
  yield* gunzip(source, MAX_INFLATED);
}

interface LogBatch {
  readonly salt: string;
  /** Number of the log's first event. */
  readonly first: number;
  readonly batch: SealedLine[];
}

/**
 * Yields the events of one sealed log in batches; throws EventError at the first thing that is not as it must be.
 * Without `first` it begins where it says it does.
 */
async function* logEvents(blob: Uint8Array, session: string, first?: number): AsyncGenerator<LogBatch> {
  let salt: string | undefined;
  let begin = first ?? 0;
  let seq = begin;
  try {
    for await (const texts of lines(inflated(blob))) {
      const batch: SealedLine[] = [];
      for (const line of texts) {
        if (salt === undefined) {
          const header = parseSealedHeader(line);
          if (!header) throw new EventError('events-format', 'the first line is not a header');
          if (header.session !== session)
            throw new EventError('events-format', 'it is the log of another session');
          if (header.first !== (first ?? header.first))
            throw new EventError('events-format', `it begins with event ${header.first}, not ${first}`);
          salt = header.salt;
          begin = header.first;
          seq = begin;
        } else {
          batch.push({ seq, line, value: parseEvent(line, seq, session) });
          seq += 1;
        }
      }
      if (salt !== undefined) yield { salt, first: begin, batch };
    }
  } catch (error) {
    if (error instanceof EventError) throw error;
    const reason =
      error instanceof InflateLimit ? error.message : `it cannot be unpacked: ${(error as Error).message}`;
    throw new EventError('events-format', reason);
  }
  if (salt === undefined) throw new EventError('events-format', 'it is empty');
}

interface Leaf {
  readonly seq: number;
  readonly leaf: Buffer;
  /** Undefined when the event is withheld. */
  readonly value: Readonly<Record<string, Json>> | undefined;
}

/** The leaves of one log that is told in part; throws EventError as `logEvents` does. */
async function* disclosedLeaves(
  { disclosed, log }: DisclosedLog,
  session: string,
  first: number,
): AsyncGenerator<Leaf[]> {
  const source = (async function* () {
    for (let at = 0; at < disclosed.byteLength; at += 1 << 20)
      yield Buffer.from(disclosed.subarray(at, at + (1 << 20)));
  })();
  let seq = first;
  let begun = false;
  for await (const texts of lines(source)) {
    const batch: Leaf[] = [];
    for (const text of texts) {
      if (!begun) {
        const header = parseDisclosedHeader(text);
        if (!header || header.log !== log || header.session !== session || header.first !== first)
          throw new EventError('events-format', 'what stands for it is of another log');
        begun = true;
        continue;
      }
      const told = parseDisclosedLine(text);
      if (!told) throw new EventError('events-format', `event ${seq} is neither told nor withheld`);
      const value = told.line === undefined ? undefined : parseEvent(told.line, seq, session);
      batch.push({ seq, leaf: told.leaf, value });
      seq += 1;
    }
    yield batch;
  }
  if (!begun) throw new EventError('events-format', 'what stands for it is empty');
}

async function* wholeLeaves(log: Uint8Array, session: string, first: number): AsyncGenerator<Leaf[]> {
  let salts: LineSalts | undefined;
  for await (const { salt, batch } of logEvents(log, session, first)) {
    salts ??= new LineSalts(salt, first);
    const from = salts;
    yield batch.map(({ seq, line, value }) => ({ seq, leaf: lineLeaf(from.next(), line), value }));
  }
}

/** One log told in part: its lines, with their ends. Throws EventError for a log that is none. */
export async function* toldInPart(
  blob: Uint8Array,
  log: string,
  session: string,
  isWithheld: (line: SealedLine) => boolean,
): AsyncGenerator<string> {
  let salts: LineSalts | undefined;
  for await (const { salt, first, batch } of logEvents(blob, session)) {
    if (!salts) yield `${disclosedHeader(log, session, first)}\n`;
    salts ??= new LineSalts(salt, first);
    const from = salts;
    const told = batch.map((each) => disclosedLine(from.next(), each.line, isWithheld(each)));
    if (told.length > 0) yield `${told.join('\n')}\n`;
  }
}

export async function* leavesOf(
  logs: Iterable<Log> | AsyncIterable<Log>,
  session: string,
  first = 0,
): AsyncGenerator<Leaf[]> {
  let next = first;
  for await (const log of logs) {
    const batches =
      log instanceof Uint8Array ? wholeLeaves(log, session, next) : disclosedLeaves(log, session, next);
    for await (const batch of batches) {
      next += batch.length;
      yield batch;
    }
  }
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
