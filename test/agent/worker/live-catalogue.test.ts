import { describe, expect, it } from 'vitest';
import { LiveCatalogue } from '../../../src/agent/worker/live-catalogue.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';

const snapshot = (version: number): Catalogue => ({
  version,
  serverVersion: 180000,
  searchPath: ['public'],
  relations: new Map(),
  relationByName: new Map(),
  functionsByName: new Map(),
  types: new Map(),
});

describe('LiveCatalogue', () => {
  it('reads once for callers that arrive together', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(async () => snapshot(++reads));
    live.markStale();
    await Promise.all([live.refresh(), live.refresh(), live.refresh()]);
    expect(reads).toBe(2);
    expect(live.current.version).toBe(2);
    expect(live.stale).toBe(false);
  });

  it('reads again when something changed while it was reading', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(async () => {
      reads += 1;
      if (reads === 2) live.markStale();
      return snapshot(reads);
    });
    await live.refresh();
    expect(live.stale).toBe(true);
    await live.refresh();
    expect(live.current.version).toBe(3);
    expect(live.stale).toBe(false);
  });

  it('is stale until what it was stale for has been read', async () => {
    let answer = (_: Catalogue): void => undefined;
    let reads = 0;
    const live = await LiveCatalogue.read(() => {
      reads += 1;
      if (reads === 1) return Promise.resolve(snapshot(1));
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    live.markStale();
    const read = live.refresh();
    expect(live.stale).toBe(true);
    answer(snapshot(2));
    await read;
    expect([live.stale, live.current.version]).toEqual([false, 2]);
  });

  it('stays stale when the reading failed', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(async () => {
      reads += 1;
      if (reads > 1) throw new Error('gone');
      return snapshot(reads);
    });
    live.markStale();
    await expect(live.refresh()).rejects.toThrow('gone');
    expect(live.stale).toBe(true);
  });

  it('takes over a change made elsewhere, but does not look while nobody uses the session', async () => {
    let [reads, version] = [0, 1];
    const live = await LiveCatalogue.read(async () => {
      reads += 1;
      return snapshot(version);
    });
    await live.look();
    expect(reads).toBe(1);
    expect(live.current.version).toBe(1);
    version = 2;
    await live.look();
    expect([reads, live.stale, live.current.version]).toEqual([2, false, 2]);
  });

  it('is in doubt when looking failed, so that the next statement reads it or fails', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(async () => {
      reads += 1;
      if (reads === 2) throw new Error('gone');
      return snapshot(reads);
    });
    void live.current;
    await live.look();
    expect(live.stale).toBe(true);
    await live.refresh();
    expect([live.stale, live.current.version]).toEqual([false, 3]);
  });
});
