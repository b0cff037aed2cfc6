// What every store must do. Each member of the shelf runs this suite against something real.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/lib/digest.ts';
import type { Store } from '../../src/model/store.ts';
import { identifyStore } from '../../src/stores/index.ts';

export function storeContract(name: string, open: () => Promise<Store>): void {
  const bytes = (text: string) => Buffer.from(text);
  const text = (found: Uint8Array | undefined) => (found ? Buffer.from(found).toString() : undefined);
  const keys = async (store: Store, prefix: string, after?: string) => {
    const found: string[] = [];
    for await (const { key } of store.list(prefix, after)) found.push(key);
    return found;
  };

  describe(`${name} as a store`, () => {
    it('gives back what was put, and undefined for what never was', async () => {
      const store = await open();
      expect(await store.get('v1/blob/none')).toBeUndefined();
      expect(await store.put('v1/blob/a', bytes('hello'))).toBe('created');
      expect(text(await store.get('v1/blob/a'))).toBe('hello');
      const large = randomBytes(6 << 20);
      await store.put('v1/blob/large', large);
      expect(sha256((await store.get('v1/blob/large')) ?? '')).toBe(sha256(large));
      await store.put('v1/blob/empty', bytes(''));
      expect((await store.get('v1/blob/empty'))?.byteLength).toBe(0);
    });

    it('never overwrites, whoever comes second and whatever he brings', async () => {
      const store = await open();
      await store.put('v1/once', bytes('first'));
      expect(await store.put('v1/once', bytes('first'))).toBe('exists');
      expect(await store.put('v1/once', bytes('second'))).toBe('exists');
      expect(text(await store.get('v1/once'))).toBe('first');
    });

    it('lets exactly one of many simultaneous puts of one key win', async () => {
      const store = await open();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) => store.put('v1/race', bytes(`${n}`))),
      );
      expect(answers.filter((each) => each === 'created')).toHaveLength(1);
      expect(text(await store.get('v1/race'))).toBe(String(answers.indexOf('created')));
    });

    it('lists a prefix in ascending key order, from after a key', async () => {
      const store = await open();
      const all = [
        'v1/l/day=2026-01-01/writer=b/1',
        'v1/l/day=2026-01-01/writer=a/2',
        'v1/l/day=2026-01-02/writer=a/3',
        'v1/l/day=2026-01-01/writer=a/1',
        'v1/l-other/x',
        'v1/l/day=2026-01-01/writer=a-b/1',
      ];
      for (const key of all) await store.put(key, bytes(key));
      const sorted = all.filter((key) => key.startsWith('v1/l/')).sort();
      expect(await keys(store, 'v1/l/')).toEqual(sorted);
      expect(await keys(store, 'v1/l/day=2026-01-01/')).toEqual(sorted.slice(0, 4));
      expect(await keys(store, 'v1/l/day=2026-01')).toEqual(sorted);
      expect(await keys(store, 'v1/l/', 'v1/l/day=2026-01-02')).toEqual(sorted.slice(4));
      expect(await keys(store, 'v1/l/', sorted[1])).toEqual(sorted.slice(2));
      expect(await keys(store, 'v1/none/')).toEqual([]);
    });

    it('lists more than one page', async () => {
      const store = await open();
      const names = Array.from({ length: 1_050 }, (_, n) => `v1/many/${String(n).padStart(5, '0')}`);
      for (let at = 0; at < names.length; at += 50)
        await Promise.all(names.slice(at, at + 50).map((key) => store.put(key, bytes('x'))));
      expect(await keys(store, 'v1/many/')).toEqual(names);
    }, 60_000);

    it('refuses to hand out more than it was asked for', async () => {
      const store = await open();
      await store.put('v1/bomb', Buffer.alloc(5_000));
      await expect(store.get('v1/bomb', 4_999)).rejects.toMatchObject({ code: 'not-verified' });
      expect((await store.get('v1/bomb', 5_000))?.byteLength).toBe(5_000);
    });

    it.each([
      '../escape',
      'v1/../../escape',
      '/etc/passwd',
      'v1//x',
      'v1/.hidden',
      'v1/a\0b',
      'v1/ä',
      '',
      'v1/x/',
    ])('refuses the key %j', async (key) => {
      const store = await open();
      await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'not-verified' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'not-verified' });
    });

    it('passes its own probe', async () => {
      const probe = await (await open()).probe();
      expect(probe).toMatchObject({ conditionalPut: true, checksums: true, problems: [] });
      expect(Math.abs(probe.skew)).toBeLessThan(60_000);
    });

    it('has one identity, whoever asks first', async () => {
      const store = await open();
      await expect(identifyStore(store)).rejects.toMatchObject({ code: 'store-unreachable' });
      const answers = await Promise.all([identifyStore(store, true), identifyStore(store, true)]);
      expect(answers[0]).toEqual(answers[1]);
      expect(await identifyStore(store)).toEqual(answers[0]);
    });
  });
}
