// Reads a session's journal segments back and merges their events in time order. Must say what it had to leave out.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonical, isPlainlyCanonical } from '../../lib/canonical.ts';
import { type ByteSpan, type LineEnd, readLines } from '../../lib/lines.ts';
import type { EventOrigin } from '../../model/event.ts';
import { type LineParts, lineParts, SEGMENT_NAME } from '../../model/segment.ts';

/** One event as it stands in its segment. `data` is canonical JSON. */
export interface SegmentEvent {
  readonly time: string;
  readonly type: string;
  readonly data: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly parts: LineParts;
}

/** What a crash, a full disk or somebody's hand left unreadable. */
export interface Damage {
  readonly file: string;
  readonly reason: 'torn-line' | 'bad-line' | 'bad-header' | 'too-long' | 'unreadable';
  readonly count: number;
}

/** This process is short of something: the file may well be readable next time, so nothing is given up for lost. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY', 'EINTR']);

/** Why a file can never be read, as damage; throws what may pass. */
export function damageOf(error: unknown): 'too-long' | 'unreadable' {
  if (PASSING.has(String((error as { code?: unknown } | undefined)?.code))) throw error;
  return error instanceof RangeError ? 'too-long' : 'unreadable';
}

const HEAD = '{"data":';
const TIME = ',"time":"';
const TYPE = '","type":"';
const TAIL = '"}';
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Cuts a segment line from its end: type and time hold no quotes. Undefined when it is not one. */
export function parseLine(line: string, parts: LineParts): SegmentEvent | undefined {
  const typeAt = line.lastIndexOf(TYPE);
  const timeAt = typeAt - 27 - TIME.length;
  if (
    timeAt < HEAD.length ||
    !line.startsWith(HEAD) ||
    !line.endsWith(TAIL) ||
    !line.startsWith(TIME, timeAt)
  )
    return undefined;
  const time = line.slice(typeAt - 27, typeAt);
  const type = line.slice(typeAt + TYPE.length, -TAIL.length);
  if (!STAMP.test(time) || !/^[a-z][a-z.-]{1,31}$/.test(type)) return undefined;
  try {
    const text = line.slice(HEAD.length, timeAt);
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    if (typeof value !== 'object' || value === null) return undefined;
    // Printed again rather than compared: an event is not lost because its writer spelled it differently.
    const data = isPlainlyCanonical(text, value) ? text : canonical(value);
    return { time, type, data, value, parts };
  } catch {
    return undefined;
  }
}

function parseHeader(line: string): EventOrigin | undefined {
  try {
    const header = JSON.parse(line) as { origin: EventOrigin; segment: number };
    return header.segment === 1 && canonical(header) === line ? header.origin : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a span, after the header, which stands at the beginning of the file. */
async function* segmentLines(path: string, end: LineEnd, span: ByteSpan): AsyncGenerator<string[]> {
  const { from = 0 } = span;
  if (from > 0)
    for await (const [header = ''] of readLines(path, { torn: 0 }, undefined, { to: from })) {
      yield [header];
      break;
    }
  yield* readLines(path, end, undefined, span);
}

/** One segment as a source of events. `events` is refilled batch by batch; `at` is the next one. */
class Segment {
  readonly file: string;
  readonly #damage: Damage[];
  readonly #end: LineEnd = { torn: 0 };
  readonly #from: number;
  readonly #growing: boolean;
  readonly #lines: AsyncGenerator<string[]>;
  #parts: LineParts | undefined;
  #bad = 0;
  events: SegmentEvent[] = [];
  at = 0;

  constructor(path: { folder: string; file: string }, damage: Damage[], { from = 0, ...span }: ByteSpan) {
    this.file = path.file;
    this.#damage = damage;
    this.#from = from;
    this.#growing = span.to !== undefined;
    const whole = join(path.folder, path.file);
    this.#lines = segmentLines(whole, this.#end, { from, ...span });
  }

  /** Once it is through: where its last whole line ended. */
  get through(): number {
    return this.#from + (this.#end.read ?? 0) - this.#end.torn;
  }

  get head(): SegmentEvent {
    return this.events[this.at] as SegmentEvent;
  }

  /** Reads until there is an event; false when there is none left. */
  async refill(): Promise<boolean> {
    for (;;) {
      const batch = await this.#nextBatch();
      if (!batch) return false;
      this.#take(batch);
      if (this.events.length > 0) return true;
    }
  }

  async #nextBatch(): Promise<string[] | undefined> {
    try {
      const next = await this.#lines.next();
      if (!next.done) return next.value;
      // In a file that grows it is a line that is being written.
      if (this.#end.torn > 0 && !this.#growing) this.#report('torn-line', 1);
    } catch (error) {
      this.#report(damageOf(error), 1);
    }
    if (this.#bad > 0) this.#report('bad-line', this.#bad);
    return undefined;
  }

  #take(lines: string[]): void {
    this.events = [];
    this.at = 0;
    for (const line of lines) {
      if (!this.#parts) {
        const origin = parseHeader(line);
        if (origin) this.#parts = lineParts(origin);
        else this.#report('bad-header', 1);
        this.#parts ??= lineParts(UNKNOWN_ORIGIN);
        continue;
      }
      const event = parseLine(line, this.#parts);
      if (event) this.events.push(event);
      else this.#bad += 1;
    }
  }

  #report(reason: Damage['reason'], count: number): void {
    this.#damage.push({ file: this.file, reason, count });
  }
}

/** Stands in where a segment's header cannot be read: its events are kept all the same. */
const UNKNOWN_ORIGIN: EventOrigin = {
  session: 'unknown',
  recorder: 'agent',
  who: { iss: 'unknown', sub: 'unknown' },
  where: { connection: 'unknown', protocol: 'unknown', address: 'unknown' },
  source: { host: 'unknown', user: 'unknown', pid: 0, tool: 'unknown' },
};

export async function segmentFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => SEGMENT_NAME.test(name)).sort();
}

function earliest(open: readonly Segment[]): Segment {
  let best = open[0] as Segment;
  for (const each of open) if (each.head.time < best.head.time) best = each;
  return best;
}

/** How much of each file was taken up so far. A session that goes on has its files read up to where they ended just now. */
export interface Reading {
  readonly offsets: Record<string, number>;
  readonly growing: boolean;
}

/** All events of a session's folder in time order; equal times keep the order of file names, then of lines. */
export async function* mergeSegments(
  folder: string,
  damage: Damage[],
  reading: Reading = { offsets: {}, growing: false },
): AsyncGenerator<SegmentEvent[]> {
  let open: Segment[] = [];
  const all: Segment[] = [];
  for (const file of await segmentFiles(folder)) {
    const from = reading.offsets[file] ?? 0;
    const to = reading.growing ? { to: Math.max(from, (await stat(join(folder, file))).size) } : {};
    const segment = new Segment({ folder, file }, damage, { from, ...to });
    all.push(segment);
    if (await segment.refill()) open.push(segment);
  }
  while (open.length > 0) {
    const batch: SegmentEvent[] = [];
    let dry: Segment | undefined;
    while (!dry && batch.length < 4096) {
      const next = open.length === 1 ? (open[0] as Segment) : earliest(open);
      batch.push(next.head);
      next.at += 1;
      if (next.at === next.events.length) dry = next;
    }
    yield batch;
    if (dry && !(await dry.refill())) open = open.filter((each) => each !== dry);
  }
  for (const { file, through } of all) reading.offsets[file] = through;
}
