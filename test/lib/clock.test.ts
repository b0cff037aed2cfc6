// Microseconds of different processes, as recorders of one session need them: what happened between two readings here lies between them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';

const SOURCE = new URL('../../src/lib/clock.ts', import.meta.url).pathname;

/** Microseconds by which two processes may take the system's time of their own start differently. */
const APART = 500;

it('readings of two processes are in the order in which they were made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  try {
    const file = join(folder, 'clock.mjs');
    const answer = "process.on('message', () => process.send(systemClock.micros()))";
    const footer = { js: `if (process.argv[2] === 'answer') ${answer};` };
    await build({ entryPoints: [SOURCE], outfile: file, format: 'esm', platform: 'node', footer });
    const { systemClock } = (await import(pathToFileURL(file).href)) as { systemClock: Clock };
    for (let count = 0; count < 5; count++) {
      const child = fork(file, ['answer']);
      const before = systemClock.micros();
      child.send('now');
      const [theirs] = (await once(child, 'message')) as [number];
      const after = systemClock.micros();
      child.disconnect();
      expect(theirs).toBeGreaterThan(before - APART);
      expect(theirs).toBeLessThan(after + APART);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
