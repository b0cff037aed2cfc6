// asciicast version 2: a header line, then one JSON array per event. Reading is strict and bounded; nothing here interprets the terminal.
// Format: https://docs.asciinema.org/manual/asciicast/v2/
import { StringDecoder } from 'node:string_decoder';
import { gunzip } from './gzip.ts';

export interface CastHeader {
  readonly version: 2;
  readonly width: number;
  readonly height: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp?: number;
  readonly title?: string;
  readonly command?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Output, echoed input, resize (`COLSxROWS`), marker. */
export type CastCode = 'o' | 'i' | 'r' | 'm';

export interface CastEvent {
  /** Seconds since the start of the recording. */
  readonly time: number;
  readonly code: CastCode;
  readonly data: string;
}

export interface CastLimits {
  /** Bytes of the file once inflated. */
  readonly total: number;
  /** Bytes of one line. */
  readonly line: number;
}

const CAST_LIMITS: CastLimits = { total: 4 * 1024 ** 3, line: 4 * 1024 ** 2 };

/** Columns and rows beyond this are an attack on whoever replays. */
const LARGEST = 65_535;

/** What is wrong with a recording, and on which line; line numbers start at 1. */
export class CastError extends Error {
  readonly line: number;
  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.name = 'CastError';
    this.line = line;
  }
}

export function encodeHeader(header: Omit<CastHeader, 'version'>): string {
  const { width, height, timestamp, title, command, env } = header;
  return `${JSON.stringify({ version: 2, width, height, timestamp, title, command, env })}\n`;
}

/** One event; microseconds keep six decimals. */
export function encodeEvent(event: CastEvent): string {
  const time = Number.isInteger(event.time) ? `${event.time}.0` : String(Math.round(event.time * 1e6) / 1e6);
  return `[${time}, ${JSON.stringify(event.code)}, ${JSON.stringify(event.data)}]\n`;
}

/** Turns a program's bytes into output events: a character split between two reads goes out whole with the second. */
export class CastEncoder {
  readonly #started: number;
  readonly #decoders = { o: new StringDecoder('utf8'), i: new StringDecoder('utf8') };

  /** `started`: wall microseconds of the recording's start. */
  constructor(started: number) {
    this.#started = started;
  }

  #line(micros: number, code: CastCode, data: string): string {
    return encodeEvent({ time: Math.max(0, micros - this.#started) / 1e6, code, data });
  }

  /** The line to append, or the empty string while a character is incomplete. */
  bytes(micros: number, code: 'o' | 'i', bytes: Uint8Array): string {
    const data = this.#decoders[code].write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return data === '' ? '' : this.#line(micros, code, data);
  }

  resize(micros: number, columns: number, rows: number): string {
    return this.#line(micros, 'r', `${columns}x${rows}`);
  }

  marker(micros: number, label: string): string {
    return this.#line(micros, 'm', label);
  }

  /** What is left of an incomplete character, as U+FFFD; to be appended last. */
  end(micros: number): string {
    const rest = this.#decoders.o.end();
    return rest === '' ? '' : this.#line(micros, 'o', rest);
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST;
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CastError(line, 'not JSON');
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textFields(
  value: Readonly<Record<string, unknown>>,
): Pick<CastHeader, 'title' | 'command' | 'timestamp'> {
  return {
    ...(typeof value['title'] === 'string' ? { title: value['title'] } : {}),
    ...(typeof value['command'] === 'string' ? { command: value['command'] } : {}),
    ...(typeof value['timestamp'] === 'number' ? { timestamp: value['timestamp'] } : {}),
  };
}

function environment(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  const texts = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

function decodeHeader(text: string): CastHeader {
  const value = parse(text, 1);
  if (!isRecord(value)) throw new CastError(1, 'the header is not an object');
  if (value['version'] !== 2) throw new CastError(1, `version ${JSON.stringify(value['version'])} is not 2`);
  const { width, height } = value;
  if (!isSize(width) || !isSize(height))
    throw new CastError(1, `width and height have to be 1 to ${LARGEST}`);
  const env = environment(value['env']);
  return { version: 2, width, height, ...textFields(value), ...(env === undefined ? {} : { env }) };
}

const CODES: ReadonlySet<unknown> = new Set(['o', 'i', 'r', 'm']);

/** `before` is the time of the event before: time never runs backwards. */
function decodeEvent(text: string, line: number, before: number): CastEvent {
  const value = parse(text, line);
  if (!Array.isArray(value) || value.length !== 3) throw new CastError(line, 'not an array of three');
  const [time, code, data] = value as unknown[];
  if (typeof time !== 'number' || !Number.isFinite(time) || time < before) {
    throw new CastError(line, 'its time is not a number, or lies before the last one');
  }
  if (!CODES.has(code)) throw new CastError(line, 'its code is none of o, i, r and m');
  if (typeof data !== 'string') throw new CastError(line, 'its data is not text');
  if (code === 'r' && !isResize(data)) throw new CastError(line, 'its size is not COLSxROWS');
  return { time, code: code as CastCode, data };
}

function isResize(data: string): boolean {
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(data);
  return size !== null && isSize(Number(size[1])) && isSize(Number(size[2]));
}

async function* lines(chunks: AsyncIterable<Uint8Array>, limits: CastLimits): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let pieces: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  let number = 1;
  const whole = (): string => {
    try {
      return decoder.decode(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    } catch {
      throw new CastError(number, 'not UTF-8');
    }
  };
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > limits.total)
      throw new CastError(number, `the recording is larger than ${limits.total} bytes`);
    for (let from = 0; from < chunk.length; ) {
      const feed = chunk.indexOf(10, from);
      const end = feed < 0 ? chunk.length : feed;
      length += end - from;
      if (length > limits.line) throw new CastError(number, `longer than ${limits.line} bytes`);
      if (end > from) pieces.push(chunk.subarray(from, end));
      if (feed < 0) break;
      yield whole();
      number += 1;
      pieces = [];
      length = 0;
      from = feed + 1;
    }
  }
  if (length > 0) throw new CastError(number, 'cut off: the last line has no line feed');
}

/** The chunks, inflated when they start as gzip does (RFC 1952 section 2.3.1). */
async function* inflated(chunks: AsyncIterable<Uint8Array>, limits: CastLimits): AsyncGenerator<Uint8Array> {
  const source = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await source.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield head;
    for (;;) {
      const next = await source.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  yield* head[0] === 0x1f && head[1] === 0x8b ? gunzip(rest(), limits.total) : rest();
}

/** Reads a recording, plain or gzipped: the header first, then every event. Throws CastError at what is not asciicast. */
export async function* readCast(
  chunks: AsyncIterable<Uint8Array>,
  limits: CastLimits = CAST_LIMITS,
): AsyncGenerator<CastHeader | CastEvent> {
  let number = 0;
  let before = 0;
  for await (const line of lines(inflated(chunks, limits), limits)) {
    number += 1;
    if (number === 1) {
      yield decodeHeader(line);
      continue;
    }
    if (line.trim() === '') continue;
    const event = decodeEvent(line, number, before);
    before = event.time;
    yield event;
  }
  if (number === 0) throw new CastError(1, 'there is no header');
}

export function isHeader(item: CastHeader | CastEvent): item is CastHeader {
  return 'version' in item;
}
