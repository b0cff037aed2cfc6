import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecorder } from '../../../src/flow/record/journal.ts';
import { openTranscript } from '../../../src/flow/record/transcript.ts';
import { canonical, parseCanonical } from '../../../src/lib/canonical.ts';
import { fakeClock } from '../../fakes/clock.ts';
import { origin, workFolder } from '../../fakes/installation.ts';

let work: ReturnType<typeof workFolder>;
beforeEach(() => {
  work = workFolder();
});
afterEach(() => work.remove());

const segment = (name: string) =>
  readFileSync(join(work.path, name), 'utf8').trimEnd().split('\n').map(parseCanonical);

describe('a recorder', () => {
  it('writes its origin once, then one canonical line per event', async () => {
    const recorder = openRecorder({ folder: work.path, origin: origin('s1'), clock: fakeClock() });
    recorder.append('session.open', { client: 'query', listener: '127.0.0.1:1' });
    recorder.appendCanonical('cancel', canonical({ conversation: 7 }));
    await recorder.close();
    expect(segment('events-worker-0.jsonl')).toEqual([
      { origin: origin('s1'), segment: 1 },
      {
        data: { client: 'query', listener: '127.0.0.1:1' },
        time: '2026-03-01T09:00:00.000000Z',
        type: 'session.open',
      },
      { data: { conversation: 7 }, time: '2026-03-01T09:00:00.000001Z', type: 'cancel' },
    ]);
  });

  it('has handed to the kernel what was flushed, and only that', () => {
    const recorder = openRecorder({ folder: work.path, origin: origin('s1'), clock: fakeClock() });
    recorder.append('cancel', { conversation: 1 });
    recorder.flush();
    recorder.append('cancel', { conversation: 2 });
    expect(segment('events-worker-0.jsonl')).toHaveLength(2);
  });

  it('starts a segment of its own each time', async () => {
    for (const recorder of ['worker', 'worker', 'front'] as const)
      await openRecorder({ folder: work.path, origin: origin('s1', recorder), clock: fakeClock() }).close();
    expect(readdirSync(work.path).sort()).toEqual([
      'events-front-0.jsonl',
      'events-worker-0.jsonl',
      'events-worker-1.jsonl',
    ]);
  });

  it('refuses data that has no one spelling, and goes on', async () => {
    const recorder = openRecorder({ folder: work.path, origin: origin('s1'), clock: fakeClock() });
    expect(() => recorder.append('cancel', { conversation: 0.5 })).toThrow('conversation');
    recorder.append('cancel', { conversation: 1 });
    await recorder.sync();
    expect(segment('events-worker-0.jsonl')).toHaveLength(2);
  });

  it('fails for good where it cannot write', async () => {
    expect(() =>
      openRecorder({ folder: join(work.path, 'nowhere'), origin: origin('s1'), clock: fakeClock() }),
    ).toThrow(expect.objectContaining({ code: 'journal-failed' }));
    const recorder = openRecorder({ folder: work.path, origin: origin('s1'), clock: fakeClock() });
    await recorder.close();
    expect(() => {
      recorder.append('cancel', { conversation: 1 });
      recorder.flush();
    }).toThrow(expect.objectContaining({ code: 'journal-failed' }));
    await expect(recorder.sync()).rejects.toMatchObject({ code: 'journal-failed' });
  });
});

describe('a transcript', () => {
  it('grows line by line and never replaces what is there', async () => {
    const transcript = openTranscript(work.path);
    transcript.append('{"version":2}\n');
    transcript.flush();
    expect(readFileSync(join(work.path, 'front.cast'), 'utf8')).toBe('{"version":2}\n');
    await transcript.sync();
    await transcript.close();
    expect(() => openTranscript(work.path)).toThrow(expect.objectContaining({ code: 'journal-failed' }));
    writeFileSync(join(work.path, 'x'), '');
    expect(() => openTranscript(work.path, '../front.cast')).toThrow(
      expect.objectContaining({ code: 'journal-failed' }),
    );
  });
});
