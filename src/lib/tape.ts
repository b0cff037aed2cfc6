// Recordings made ready to be played, sought and searched: safe, in memory, on one time line. Must never hold what could act on a terminal.
import { type CastEvent, type CastHeader, isHeader } from './asciicast.ts';
import { TerminalSanitiser } from './terminal.ts';
import { visible } from './visible.ts';

/** Output, a new size, or a further recording, which begins on an empty screen. */
export interface TapeEvent {
  /** Seconds since the tape's start, longer pauses cut. */
  readonly at: number;
  /** Seconds since the tape's start as they passed. */
  readonly real: number;
  readonly code: 'o' | 'r' | 'new';
  /** Text that only draws, or `COLSxROWS`. */
  readonly data: string;
}

/** A statement, or a marker of the recording. One line, safe on any terminal. */
export interface Mark {
  readonly at: number;
  readonly real: number;
  readonly label: string;
}

export interface Tape {
  readonly columns: number;
  readonly rows: number;
  /** Seconds since the Unix epoch; undefined when the recording does not say. */
  readonly start: number | undefined;
  readonly title: string;
  readonly events: readonly TapeEvent[];
  readonly marks: readonly Mark[];
  /** Seconds, pauses cut. */
  readonly length: number;
  /** The recording is longer than is held. */
  readonly cut: boolean;
}

/** A statement of the session: when, in seconds since the Unix epoch, and what. */
export interface Said {
  readonly when: number;
  readonly label: string;
}

export interface TapeOptions {
  /** Longest pause, seconds. */
  readonly maxIdle: number;
  readonly said: readonly Said[];
}

/** Characters of output, and events. */
const MOST_TEXT = 64 * 2 ** 20;
const MOST_EVENTS = 2_000_000;
const MOST_MARKS = 20_000;
const LABEL = 400;

type Items = AsyncIterable<CastHeader | CastEvent>;

class Splicer {
  readonly events: TapeEvent[] = [];
  readonly marks: { readonly real: number; readonly label: string }[] = [];
  header: CastHeader | undefined;
  cut = false;
  #text = 0;
  /** Where the recording that is read began, on the tape. */
  #offset = 0;
  #sanitiser = new TerminalSanitiser();
  readonly #maxIdle: number;

  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle;
  }

  get end(): { readonly at: number; readonly real: number } {
    return this.events.at(-1) ?? { at: 0, real: 0 };
  }

  begin(header: CastHeader): void {
    const { width, height, timestamp } = header;
    this.#sanitiser = new TerminalSanitiser();
    this.#offset = this.end.real;
    if (this.header && this.header.timestamp !== undefined && timestamp !== undefined)
      this.#offset = Math.max(this.end.real, timestamp - this.header.timestamp);
    this.header ??= header;
    this.#add(this.#offset, 'new', `${width}x${height}`);
  }

  take({ time, code, data }: CastEvent): void {
    const real = this.#offset + time;
    if (code === 'm') this.#mark(real, data);
    else if (code === 'r') this.#add(real, 'r', data);
    else if (code === 'o') this.#add(real, 'o', this.#sanitiser.push(data));
  }

  /** What was set is taken back, as where recordings are played one after the other. */
  finish(): void {
    this.#add(this.end.real, 'o', this.#sanitiser.end());
  }

  #mark(real: number, label: string): void {
    if (this.marks.length < MOST_MARKS) this.marks.push({ real, label: visible(label, { limit: LABEL }) });
  }

  #add(real: number, code: TapeEvent['code'], data: string): void {
    if (data === '') return;
    this.#text += data.length;
    if (this.#text > MOST_TEXT || this.events.length >= MOST_EVENTS) {
      this.cut = true;
      return;
    }
    const { at, real: before } = this.end;
    this.events.push({ at: at + Math.min(real - before, this.#maxIdle), real, code, data });
  }
}

/** Index of the last event at or before a time by `of`; -1 before the first. */
export function eventAt(events: readonly TapeEvent[], time: number, of: 'at' | 'real'): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.[of] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** From what passed to the tape's own time. */
function shortened(events: readonly TapeEvent[], real: number): number {
  const index = eventAt(events, real, 'real');
  const [here, next] = [events[index], events[index + 1]];
  if (!here) return 0;
  const at = Math.round((here.at + (real - here.real)) * 1e6) / 1e6;
  return next ? Math.min(at, next.at) : Math.min(at, here.at);
}

/** From the tape's own time to what passed. */
export function realAt({ events }: Tape, at: number): number {
  const here = events[eventAt(events, at, 'at')];
  return here ? here.real + (at - here.at) : 0;
}

/** Reads recordings one after the other. Undefined when there is none. Throws what the reader throws. */
export async function spliceTape(
  recordings: Iterable<Items>,
  { maxIdle, said }: TapeOptions,
): Promise<Tape | undefined> {
  const splicer = new Splicer(maxIdle);
  for (const items of recordings) {
    for await (const item of items) {
      if (isHeader(item)) splicer.begin(item);
      else splicer.take(item);
      if (splicer.cut) break;
    }
    splicer.finish();
  }
  const { header, events, cut } = splicer;
  if (!header) return undefined;
  const start = header.timestamp;
  const spoken =
    start === undefined
      ? []
      : said.slice(0, MOST_MARKS).map(({ when, label }) => ({
          // To the microsecond: a difference of seconds since the epoch has noise behind it.
          real: Math.max(0, Math.round((when - start) * 1e6) / 1e6),
          label: visible(label, { limit: LABEL }),
        }));
  const marks = [...splicer.marks, ...spoken]
    .sort((one, other) => one.real - other.real)
    .map(({ real, label }) => ({ at: shortened(events, real), real, label }));
  return {
    columns: header.width,
    rows: header.height,
    start,
    title: visible(header.title ?? '', { limit: LABEL }),
    events,
    marks,
    length: splicer.end.at,
    cut,
  };
}
