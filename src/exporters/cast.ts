// Terminal recordings as files any asciicast player takes, with the statements as markers. Must never pass on what could act on a terminal.
import {
  CastError,
  type CastEvent,
  type CastHeader,
  encodeEvent,
  encodeHeader,
  isHeader,
  readCast,
} from '../lib/asciicast.ts';
import { InflateLimit } from '../lib/gzip.ts';
import { TerminalSanitiser } from '../lib/terminal.ts';
import { visible } from '../lib/visible.ts';
import type {
  ExportedEvent,
  ExportedStatement,
  Exporter,
  ExportFooter,
  ExportHeader,
  ExportTarget,
  ExportWriter,
} from './exporter.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';
import { members, text } from './story.ts';

/** How one version of the format spells its two kinds of lines. */
interface Spelling {
  header(header: CastHeader): string;
  /** `before`: time of the event before. */
  event(event: CastEvent, before: number): string;
}

const V2: Spelling = { header: encodeHeader, event: encodeEvent };

/** https://docs.asciinema.org/manual/asciicast/v3/: terminal in `term`, intervals instead of times. */
const V3: Spelling = {
  header: ({ width, height, timestamp, title, command, env }) =>
    `${JSON.stringify({
      version: 3,
      term: { cols: width, rows: height, ...(env?.['TERM'] ? { type: env['TERM'] } : {}) },
      timestamp,
      title,
      command,
    })}\n`,
  event: ({ time, code, data }, before) => encodeEvent({ time: Math.max(0, time - before), code, data }),
};

const TRANSCRIPT = /^transcript(?:-(\d{1,6}))?\.cast\.gz$/;
const LABEL = 200;
const FLUSH = 1 << 20;

interface Marker {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly label: string;
}

/** A recording's events, safe to play, and the markers that fall into it. */
async function* safe(
  items: AsyncIterable<CastHeader | CastEvent>,
  markers: readonly Marker[],
): AsyncGenerator<CastHeader | CastEvent> {
  const sanitiser = new TerminalSanitiser();
  let next = 0;
  let start = 0;
  let last = 0;
  for await (const item of items) {
    if (isHeader(item)) {
      start = item.timestamp ?? 0;
      yield {
        ...item,
        ...(item.title === undefined ? {} : { title: visible(item.title, { limit: LABEL }) }),
        ...(item.command === undefined ? {} : { command: visible(item.command, { limit: LABEL }) }),
      };
      continue;
    }
    for (; next < markers.length; next++) {
      const { at, label } = markers[next] as Marker;
      if (at - start > item.time) break;
      yield { time: Math.max(last, at - start), code: 'm', data: label };
    }
    last = item.time;
    const data = item.code === 'o' ? sanitiser.push(item.data) : visible(item.data);
    if (data !== '') yield { ...item, data };
  }
  const back = sanitiser.end();
  if (back !== '') yield { time: last, code: 'o', data: back };
}

const ABOUT = (unread: readonly string[]) => `## What is here

One recording per terminal: \`SESSION.cast\`, or \`SESSION-1.cast\` for a second one. Play them with \`asciinema play\`, or any player of asciicast.
They are derived: only what draws is left, so that a recording cannot act on the terminal of whoever plays it. Each statement is a marker.
The recording as it was hashed is in the format \`bundle\`. Sessions without a terminal (programs, queries) have none.
${unread.length > 0 ? `\nCould not be read, and were left out: ${unread.map((each) => `\`${each}\``).join(', ')}.\n` : ''}
${NOT_PROOF}`;

class CastWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #spelling: Spelling;
  readonly #unread: string[] = [];
  #header: ExportHeader | undefined;
  #sessions = 0;
  #now: { statement: ExportedStatement; recordings: Map<string, Uint8Array>; markers: Marker[] } | undefined;

  constructor(target: ExportTarget, spelling: Spelling) {
    this.#target = target;
    this.#spelling = spelling;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
  }

  async statement(statement: ExportedStatement): Promise<void> {
    await this.#finish();
    if (!statement.chosen || statement.predicate.kind !== 'session') return;
    this.#sessions += 1;
    this.#now = { statement, recordings: new Map(), markers: [] };
  }

  async blob(digest: string, bytes: Uint8Array): Promise<void> {
    const found = this.#now?.statement.subjects.find(
      (each) => each.digest === digest && TRANSCRIPT.test(each.name),
    );
    if (found) this.#now?.recordings.set(found.name, bytes);
  }

  async event({ value }: ExportedEvent): Promise<void> {
    if (value['type'] !== 'statement') return;
    const data = members(value['data']);
    const shown = `${text(data['decision'])}: ${text(data['text']) || '(as before)'}`;
    this.#now?.markers.push({
      at: Date.parse(text(value['time'])) / 1000,
      label: visible(shown, { limit: LABEL }),
    });
  }

  async footer(footer: ExportFooter): Promise<void> {
    await this.#finish();
    await writeReadme(this.#target, this.#header, footer, {
      sessions: this.#sessions,
      about: ABOUT(this.#unread),
    });
  }

  async #finish(): Promise<void> {
    const now = this.#now;
    this.#now = undefined;
    if (!now) return;
    for (const [name, bytes] of now.recordings) {
      const [, second] = TRANSCRIPT.exec(name) ?? [];
      const file = `${now.statement.predicate.session?.id ?? ''}${second === undefined ? '' : `-${second}`}.cast`;
      await this.#write(file, bytes, now.markers);
    }
  }

  async #write(file: string, bytes: Uint8Array, markers: readonly Marker[]): Promise<void> {
    const source = (async function* () {
      yield bytes;
    })();
    let pending = '';
    let before = 0;
    try {
      for await (const item of safe(readCast(source), markers)) {
        pending += isHeader(item) ? this.#spelling.header(item) : this.#spelling.event(item, before);
        if (!isHeader(item)) before = item.time;
        if (pending.length > FLUSH) {
          await this.#target.append(file, pending);
          pending = '';
        }
      }
    } catch (error) {
      const malformed = error instanceof CastError || error instanceof InflateLimit;
      if (!malformed && !String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
      this.#unread.push(file);
    }
    if (pending !== '') await this.#target.append(file, pending);
  }
}

export const castExporter: Exporter = {
  id: 'cast',
  summary: 'terminal recordings, asciicast version 2',
  wants: { blobs: true, events: true },
  streams: false,
  open: (target) => new CastWriter(target, V2),
};

export const castV3Exporter: Exporter = {
  ...castExporter,
  id: 'cast-v3',
  summary: 'terminal recordings, asciicast version 3',
  open: (target) => new CastWriter(target, V3),
};
