// Appends a terminal recording's lines to the session's spool folder, under the same promises as events.
import { join } from 'node:path';
import { AppendFile } from '../../lib/append-file.ts';
import { BrokerError } from '../../model/errors.ts';
import { TRANSCRIPT_NAME } from '../../model/segment.ts';

export interface TranscriptWriter {
  /** One asciicast v2 line with its line feed, as `lib/asciicast.ts` encodes it; the header first. */
  append(line: string): void;
  flush(): void;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Creates `<folder>/<name>`, by default `front.cast`. Every method throws `journal-failed` once a write has failed. */
export function openTranscript(folder: string, name = 'front.cast'): TranscriptWriter {
  const failed = (error: unknown): BrokerError =>
    new BrokerError('journal-failed', { reason: (error as Error).message, path: folder }, { cause: error });
  const guard = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw failed(error);
    }
  };
  if (!TRANSCRIPT_NAME.test(name)) throw failed(new Error(`not a transcript name: ${name}`));
  const file = guard(() => new AppendFile(join(folder, name)));
  const rethrow = (error: unknown): never => {
    throw failed(error);
  };
  return {
    append: (line) => guard(() => file.append(line)),
    flush: () => guard(() => file.flush()),
    sync: async () => {
      guard(() => file.flush());
      await file.sync().catch(rethrow);
    },
    close: () => file.close().catch(rethrow),
  };
}
