// Appends one recording process's events to its own segment of a session's journal. Must never lose what it flushed.
import { join } from 'node:path';
import { AppendFile } from '../../lib/append-file.ts';
import { canonical } from '../../lib/canonical.ts';
import { type Clock, timestamp } from '../../lib/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EventData, EventOrigin, EventType, Recorder } from '../../model/event.ts';
import { segmentHeader, segmentName } from '../../model/segment.ts';

export interface RecorderOptions {
  /** The session's spool folder; must exist. */
  readonly folder: string;
  readonly origin: EventOrigin;
  readonly clock: Clock;
}

/** Milliseconds until what was flushed is forced to the disk: what a loss of power may take. */
const GROUP = 250;

function failed(path: string, error: unknown): BrokerError {
  const reason = error instanceof Error ? error.message : String(error);
  return new BrokerError('journal-failed', { reason, path }, { cause: error });
}

/** The first free segment: a process that is started again never touches what the one before it wrote. */
function createSegment(folder: string, recorder: EventOrigin['recorder']): AppendFile {
  for (let number = 0; number < 1_000_000; number++) {
    try {
      return new AppendFile(join(folder, segmentName(recorder, number)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(folder, error);
    }
  }
  throw failed(folder, 'too many segments');
}

class JournalRecorder implements Recorder {
  readonly #file: AppendFile;
  readonly #clock: Clock;
  readonly #folder: string;
  #broken: BrokerError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#file = createSegment(options.folder, options.origin.recorder);
    this.#guard(() => {
      this.#file.append(segmentHeader(options.origin));
      this.#file.flush();
    });
  }

  append<T extends EventType>(type: T, data: EventData[T]): void {
    this.appendCanonical(type, canonical(data));
  }

  appendCanonical(type: EventType, data: string): void {
    if (this.#broken) throw this.#broken;
    const line = `{"data":${data},"time":"${timestamp(this.#clock.micros())}","type":"${type}"}\n`;
    this.#guard(() => this.#file.append(line));
  }

  flush(): void {
    this.#guard(() => this.#file.flush());
    this.#timer ??= setTimeout(() => this.#settle(), GROUP).unref();
  }

  /** What was flushed since the last time reaches the disk, a group at a time; a failure ends the journal. */
  #settle(): void {
    this.#timer = undefined;
    this.#file.sync().catch((error: unknown) => this.#break(error));
  }

  async sync(): Promise<void> {
    this.flush();
    await this.#file.sync().catch((error: unknown) => {
      throw this.#break(error);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#file.close().catch((error: unknown) => {
      throw this.#break(error);
    });
  }

  #guard(action: () => void): void {
    if (this.#broken) throw this.#broken;
    try {
      action();
    } catch (error) {
      throw this.#break(error);
    }
  }

  #break(error: unknown): BrokerError {
    this.#broken ??= failed(this.#folder, error);
    return this.#broken;
  }
}

/** Opens a new segment in the session's spool folder. Throws `journal-failed`. */
export function openRecorder(options: RecorderOptions): Recorder {
  return new JournalRecorder(options);
}
