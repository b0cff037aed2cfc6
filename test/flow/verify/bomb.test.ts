import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sealedEvents } from '../../../src/flow/verify/index.ts';

async function refusedAfter(megabytes: number): Promise<number> {
  const blob = gzipSync(Buffer.alloc(megabytes << 20, 'a'));
  const started = performance.now();
  await expect(sealedEvents(blob, 's1').next()).rejects.toMatchObject({ step: 'events-format' });
  return performance.now() - started;
}

describe('an event log that is one endless line', () => {
  it('costs its length to refuse, not the square of it', async () => {
    const [short, long]: [number[], number[]] = [[], []];
    for (let round = 0; round < 3; round++) {
      short.push(await refusedAfter(6));
      long.push(await refusedAfter(48));
    }
    // Eight times as long: about 8 where the cost is its length, 64 where it is the square. The best of one and the worst
    // of the other, so that a busy machine is not taken for a square.
    expect(Math.min(...long) / Math.max(...short)).toBeLessThan(30);
  });
});
