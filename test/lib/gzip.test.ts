import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createExclusive } from '../../src/lib/atomic-file.ts';
import { sha256, sha256File } from '../../src/lib/digest.ts';
import { gunzip, gzipInto, InflateLimit } from '../../src/lib/gzip.ts';
import { readLines, wholeLength } from '../../src/lib/lines.ts';
import { workFolder } from '../fakes/installation.ts';

const work = workFolder();
afterAll(() => work.remove());

async function pack(name: string, pieces: string[]) {
  const handle = await createExclusive(join(work.path, name));
  const packed = await gzipInto(handle, pieces);
  await handle.close();
  return packed;
}

describe('gzip', () => {
  it('gives the same bytes for the same text, whenever and wherever', async () => {
    const first = await pack('a', ['hello ', 'world\n']);
    const second = await pack('b', ['hello ', 'world\n']);
    expect(second).toEqual(first);
    const bytes = readFileSync(join(work.path, 'a'));
    expect(gunzipSync(bytes).toString()).toBe('hello world\n');
    expect([...bytes.subarray(3, 10)]).toEqual([0, 0, 0, 0, 0, 0, 255]);
    expect(first).toEqual({ digest: sha256(bytes), size: bytes.length });
    expect(await sha256File(join(work.path, 'a'))).toEqual(first);
  });

  it('is not inflated beyond a bound', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const drain = async (limit: number) => {
      let size = 0;
      for await (const chunk of gunzip([bomb], limit)) size += chunk.length;
      return size;
    };
    await expect(drain(1_000_000)).rejects.toThrow(InflateLimit);
    expect(await drain(50_000_000)).toBe(50_000_000);
  });

  it.each(['garbage', 'cut'])('is refused when it is %s', async (how) => {
    const bytes = how === 'cut' ? gzipSync('hello world').subarray(0, 20) : Buffer.from('not gzip at all');
    const drain = async () => {
      for await (const _ of gunzip([bytes], 100));
    };
    await expect(drain()).rejects.toThrow();
  });
});

describe('lines of a file that was being written', () => {
  it.each([
    ['', [], 0],
    ['torn', [], 4],
    ['one\ntwo\n', ['one', 'two'], 0],
    ['one\ntorn ü', ['one'], 7],
    ['\n\n', ['', ''], 0],
    [`${'ü'.repeat(700_000)}\nx\n`, ['ü'.repeat(700_000), 'x'], 0],
  ])('are whole, and the torn rest is counted', async (text, expected, torn) => {
    const path = join(work.path, 'lines');
    writeFileSync(path, text);
    const end = { torn: 0 };
    const found: string[] = [];
    for await (const batch of readLines(path, end)) found.push(...batch);
    expect([found, end.torn]).toEqual([expected, torn]);
    expect(await wholeLength(path)).toEqual({ whole: Buffer.byteLength(text) - torn, torn });
  });

  it('may not be longer than a bound', async () => {
    const path = join(work.path, 'long');
    writeFileSync(path, 'x'.repeat(5_000_000));
    const read = async () => {
      for await (const _ of readLines(path, { torn: 0 }, 1_000_000));
    };
    await expect(read()).rejects.toThrow(RangeError);
  });
});
