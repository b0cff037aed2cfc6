// Entry of the recorder's thread: masks, writes, and says what is written. Must never answer before the kernel has it.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { recordingMaskers } from './masking.ts';
import { Recording, type RecordingOptions } from './recording.ts';

/** What a recording is about; everything else the thread has itself. */
export type RecordingOrder = Pick<RecordingOptions, 'session' | 'columns' | 'rows' | 'command' | 'term'>;

export type ToRecorder =
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'close' };

export type FromRecorder =
  | { readonly kind: 'open' }
  /** One `output` is on its way to the disk; in order. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: unknown };

const port = parentPort;
if (!port) throw new Error('the recorder runs as a thread');
const tell = (message: FromRecorder) => port.postMessage(message);

/** An error of ours as an object that survives the way to the other thread. */
function fail(error: unknown): void {
  const known =
    error instanceof Error && 'toJSON' in error ? (error as { toJSON(): unknown }).toJSON() : String(error);
  tell({ kind: 'failed', error: known });
}

async function obey(recording: Recording, message: ToRecorder): Promise<void> {
  switch (message.kind) {
    case 'output':
      recording.output(message.bytes);
      tell({ kind: 'recorded' });
      return;
    case 'input':
      recording.input(message.bytes);
      return;
    case 'resize':
      recording.resize(message.columns, message.rows);
      return;
    case 'close':
      await recording.close();
      tell({ kind: 'closed' });
      port?.close();
  }
}

try {
  const order = workerData as RecordingOrder;
  const recording = new Recording({ ...order, ...recordingMaskers(), clock: systemClock, failed: fail });
  port.on('message', (message: ToRecorder) => void obey(recording, message).catch(fail));
  tell({ kind: 'open' });
} catch (error) {
  fail(error);
}
