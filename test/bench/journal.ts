// Journal appends per second next to a plain writeSync of the same lines. Goal ≥ 200,000 events/s, floor 50,000.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { canonical } from '../../src/lib/canonical.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { origin, workFolder } from '../fakes/installation.ts';

const EVENTS = 200_000;
const ROUNDS = 5;
const work = workFolder();
const data = {
  conversation: 1,
  statement: 12,
  status: 'ok' as const,
  tag: 'SELECT 1',
  rows: 1,
  bytes: 84,
  micros: 312,
  sample: [['4', '[email]', 'Berlin']],
  masked: 1,
};
const line = `{"data":${canonical(data)},"time":"2026-03-01T09:00:00.000000Z","type":"answer"}\n`;
let count = 0;

const median = (numbers: number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

function rate(run: () => void): number {
  const start = performance.now();
  run();
  return (EVENTS / (performance.now() - start)) * 1000;
}

function recorded(batch: number, append: (recorder: ReturnType<typeof openRecorder>) => void): number {
  const recorder = openRecorder({ folder: work.path, origin: origin(`s${count++}`), clock: systemClock });
  return rate(() => {
    for (let done = 0; done < EVENTS; done++) {
      append(recorder);
      if (done % batch === 0) recorder.flush();
    }
    recorder.flush();
  });
}

function plain(batch: number): number {
  const fd = openSync(join(work.path, `plain-${count++}`), 'w');
  const result = rate(() => {
    const text = line.repeat(batch);
    for (let done = 0; done < EVENTS; done += batch) writeSync(fd, text);
  });
  closeSync(fd);
  return result;
}

const ready = canonical(data);
const rows: Record<string, number[]> = {
  'append, a flush per 32 events': [],
  'appendCanonical, a flush per 32 events': [],
  'append, a flush per event': [],
  'writeSync of the same lines by 32': [],
};
for (let round = 0; round < ROUNDS; round++) {
  rows['append, a flush per 32 events']?.push(recorded(32, (recorder) => recorder.append('answer', data)));
  rows['appendCanonical, a flush per 32 events']?.push(
    recorded(32, (recorder) => recorder.appendCanonical('answer', ready)),
  );
  rows['append, a flush per event']?.push(recorded(1, (recorder) => recorder.append('answer', data)));
  rows['writeSync of the same lines by 32']?.push(plain(32));
}
const peer = median(rows['writeSync of the same lines by 32'] as number[]);
for (const [name, rates] of Object.entries(rows))
  console.log(
    `${name.padEnd(42)} ${Math.round(median(rates)).toLocaleString('en').padStart(10)} events/s  ${(median(rates) / peer).toFixed(2)} × writeSync`,
  );
work.remove();
