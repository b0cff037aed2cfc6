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

function reader(load: () => Promise<Catalogue>, marks: readonly string[] = []) {
  let asked = 0;
  return {
    load,
    mark: async () => marks[Math.min(asked++, marks.length - 1)] ?? 'same',
  };
}

describe('LiveCatalogue', () => {
  it('reads once for callers that arrive together', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(reader(async () => snapshot(++reads)));
    live.markStale();
    await Promise.all([live.refresh(), live.refresh(), live.refresh()]);
    expect(reads).toBe(2);
    expect(live.current.version).toBe(2);
    expect(live.stale).toBe(false);
  });

  it('looks upon a snapshot with locked definitions as changed until it has them', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(
      reader(async () => {
        reads += 1;
        return { ...snapshot(reads), ...(reads < 3 ? { partial: true } : {}) };
      }),
    );
    const looked: boolean[] = [];
    for (let turn = 0; turn < 3; turn++) {
      void live.current;
      await live.look();
      looked.push(live.stale);
      if (live.stale) await live.refresh();
    }
    expect(looked).toEqual([true, true, false]);
    expect(reads).toBe(3);
  });

  it('reads again when something changed while it was reading', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(
      reader(async () => {
        reads += 1;
        if (reads === 2) live.markStale();
        return snapshot(reads);
      }),
    );
    await live.refresh();
    expect(live.stale).toBe(true);
    await live.refresh();
    expect(live.current.version).toBe(3);
    expect(live.stale).toBe(false);
  });

  it('stays stale when the reading failed', async () => {
    let reads = 0;
    const live = await LiveCatalogue.read(
      reader(async () => {
        reads += 1;
        if (reads > 1) throw new Error('gone');
        return snapshot(reads);
      }),
    );
    live.markStale();
    await expect(live.refresh()).rejects.toThrow('gone');
    expect(live.stale).toBe(true);
  });

  it('notices a change made elsewhere, but does not look while nobody uses the session', async () => {
    const live = await LiveCatalogue.read(reader(async () => snapshot(1), ['a', 'a', 'b']));
    await live.look();
    expect(live.current.version).toBe(1);
    await live.look();
    expect(live.stale).toBe(false);
    expect(live.current.version).toBe(1);
    await live.look();
    expect(live.stale).toBe(true);
  });
});
