// The front's part of the journal: what the terminal showed, masked, before it is shown. Must never write a raw value or drop one.
import { StringDecoder } from 'node:string_decoder';
import type { OpenedSession } from '../agent/client.ts';
import { FLUSH_AFTER } from '../flow/mask/stream.ts';
import { openTranscript, type TranscriptWriter } from '../flow/record/transcript.ts';
import { CastEncoder, encodeHeader } from '../lib/asciicast.ts';
import type { Clock } from '../lib/clock.ts';
import { EchoObserver, visibleText } from './echo.ts';

/** What keeps sensitive text out of a recording; text may be held back until it is certain what it is. */
export interface OutputMasker {
  /** What may be recorded now. */
  push(bytes: Uint8Array): Uint8Array;
  /** What was held back, masked as it stands; an unfinished escape sequence only at the end. */
  flush(end?: boolean): Uint8Array;
  /** True while something is held back. */
  readonly holding: boolean;
  resize(columns: number): void;
}

export interface RecordingOptions {
  readonly session: Pick<OpenedSession, 'spool' | 'connection' | 'id'>;
  readonly clock: Clock;
  readonly columns: number;
  readonly rows: number;
  /** Shown by players; the program's name, without its arguments. */
  readonly command: string;
  readonly term?: string;
  readonly output: OutputMasker;
  /** For a line of input, which is judged as a whole. */
  maskLine(text: string): string;
  /** The journal cannot be written: the client must be ended. */
  failed(error: unknown): void;
}

/** A person types slower than FLUSH_AFTER: what may become a number, an address or a key waits for its end. */
const GROWING = /\d[\d .-]*\d$|@\S*$|[^\s"',;<>(){}|]{8,}$/;
/** But not longer than this, milliseconds. */
const LONGEST_WAIT = 30_000;
const TAIL = 64;

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export class Recording {
  readonly #options: RecordingOptions;
  readonly #transcript: TranscriptWriter;
  readonly #encoder: CastEncoder;
  readonly #shown = new StringDecoder('utf8');
  readonly #typed = new StringDecoder('utf8');
  readonly #echo: EchoObserver;
  readonly #started: number;
  /** The end of what the terminal echoed of the line that is being typed. */
  #tail = '';
  #hold: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #broken = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#started = options.clock.micros();
    this.#encoder = new CastEncoder(this.#started);
    this.#transcript = openTranscript(options.session.spool);
    this.#echo = new EchoObserver((line) => this.#input(options.maskLine(line)));
    const { columns: width, rows: height, command, term, session } = options;
    const header = encodeHeader({
      width,
      height,
      timestamp: Math.floor(this.#started / 1e6),
      title: `${session.connection} ${session.id}`,
      command,
      ...(term === undefined ? {} : { env: { TERM: term } }),
    });
    this.#write(header);
    this.#flush();
  }

  /** Records what the program wrote; when it returns, the kernel has it. Throws `journal-failed`. */
  output(chunk: Uint8Array): void {
    this.#listenTo(chunk);
    this.#output(this.#options.output.push(chunk));
    this.#flush();
    if (this.#options.output.holding) this.#holdOn();
  }

  /** Notes what a person typed; it is recorded only if the terminal echoes it. */
  input(chunk: Uint8Array): void {
    const now = this.#now();
    this.#echo.typed(this.#typed.write(buffer(chunk)), now);
    const wait = this.#echo.wait(now);
    if (wait !== undefined) this.#silence ??= setTimeout(() => this.#listen(), wait).unref();
  }

  resize(columns: number, rows: number): void {
    this.#options.output.resize(columns);
    this.#write(this.#encoder.resize(this.#options.clock.micros(), columns, rows));
    this.#flush();
  }

  async close(): Promise<void> {
    clearTimeout(this.#hold);
    clearTimeout(this.#silence);
    if (this.#broken) return;
    this.#output(this.#options.output.flush(true));
    this.#write(this.#encoder.end(this.#options.clock.micros()));
    this.#echo.close();
    this.#flush();
    await this.#transcript.sync();
    await this.#transcript.close();
  }

  /** Milliseconds. */
  #now(): number {
    return this.#options.clock.micros() / 1000;
  }

  #listenTo(chunk: Uint8Array): void {
    if (!this.#echo.typing) {
      this.#tail = '';
      return;
    }
    const text = this.#shown.write(buffer(chunk));
    this.#tail = visibleText(this.#tail + text).slice(-TAIL);
    if (this.#echo.awaits) this.#echo.wrote(text, this.#now());
  }

  /** What is held back is recorded once nothing follows it for a while. */
  #holdOn(): void {
    clearTimeout(this.#hold);
    const wait = GROWING.test(this.#tail) ? LONGEST_WAIT : FLUSH_AFTER;
    this.#hold = setTimeout(() => this.#guard(() => this.#release()), wait).unref();
  }

  #release(): void {
    this.#output(this.#options.output.flush());
    this.#flush();
  }

  #listen(): void {
    this.#silence = undefined;
    this.#guard(() => {
      this.#echo.expire(this.#now());
      this.#flush();
    });
  }

  #output(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#write(this.#encoder.bytes(this.#options.clock.micros(), 'o', bytes));
  }

  #input(line: string): void {
    this.#write(this.#encoder.bytes(this.#options.clock.micros(), 'i', Buffer.from(line)));
  }

  #write(line: string): void {
    if (line !== '') this.#transcript.append(line);
  }

  #flush(): void {
    this.#transcript.flush();
  }

  /** For what happens in timers, where nobody catches. */
  #guard(action: () => void): void {
    if (this.#broken) return;
    try {
      action();
    } catch (error) {
      this.#broken = true;
      this.#options.failed(error);
    }
  }
}
