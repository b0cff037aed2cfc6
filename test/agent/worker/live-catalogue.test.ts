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
    const live = new LiveCatalogue(snapshot(1), async () => snapshot(++reads + 1));
    live.markStale();
    await Promise.all([live.refresh(), live.refresh(), live.refresh()]);
    expect(reads).toBe(1);
    expect(live.current.version).toBe(2);
    expect(live.stale).toBe(false);
  });

  it('reads again when something changed while it was reading', async () => {
    let reads = 0;
    const live = new LiveCatalogue(snapshot(1), async () => {
      reads += 1;
      if (reads === 1) live.markStale();
      return snapshot(reads + 1);
    });
    await live.refresh();
    expect(live.stale).toBe(true);
    await live.refresh();
    expect(live.current.version).toBe(3);
    expect(live.stale).toBe(false);
  });

  it('stays stale when the reading failed', async () => {
    const live = new LiveCatalogue(snapshot(1), async () => {
      throw new Error('gone');
    });
    live.markStale();
    await expect(live.refresh()).rejects.toThrow('gone');
    expect(live.stale).toBe(true);
  });
});
