// Finds the maskers a recording needs. Must never be skipped: a recording without one holds raw values.
import { randomBytes } from 'node:crypto';
import { createScanner } from '../detectors/index.ts';
import { StreamMasker } from '../flow/mask/stream.ts';
import type { RecordingOptions } from './recording.ts';

/** A recording is only ever redacted: strategies that keep a part of the value are for the answers' own record. */
export function recordingMaskers(types?: readonly string[]): Pick<RecordingOptions, 'output' | 'maskLine'> {
  const scanner = createScanner(types);
  const hashKey = randomBytes(32);
  const make = () => new StreamMasker({ scanner, strategies: {}, hashKey });
  return {
    output: make(),
    maskLine: (text) => {
      const masker = make();
      const masked = [masker.push(Buffer.from(text)), masker.flush(true)];
      return Buffer.concat(masked).toString('utf8');
    },
  };
}
