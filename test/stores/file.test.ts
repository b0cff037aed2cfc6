import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/stores/index.ts';
import { storeContract } from '../contracts/store.ts';
import { workFolder } from '../fakes/installation.ts';

const work = workFolder();
let count = 0;
const fresh = () => join(work.path, `store ${count++}`);
afterAll(() => work.remove());

storeContract('a folder', () => openStore(`file:${encodeURI(fresh())}`, {}));

describe('a folder store', () => {
  it('does not follow a link out of the folder when reading', async () => {
    const root = fresh();
    mkdirSync(join(root, 'v1'), { recursive: true });
    writeFileSync(join(work.path, 'secret'), 'secret');
    symlinkSync(join(work.path, 'secret'), join(root, 'v1/link'));
    const store = await openStore(`file:${root}`, {});
    await expect(store.get('v1/link')).rejects.toMatchObject({ code: 'not-verified' });
  });

  it('leaves no temporary files, and hides those a killed process left', async () => {
    const root = fresh();
    const store = await openStore(`file:${root}`, {});
    await store.put('v1/a', Buffer.from('x'));
    expect(readdirSync(join(root, 'v1'))).toEqual(['a']);
    writeFileSync(join(root, 'v1/.b.0123.tmp'), 'half');
    const found: string[] = [];
    for await (const { key } of store.list('v1/')) found.push(key);
    expect(found).toEqual(['v1/a']);
  });

  it('gives objects no write bit for others and folders to their owner alone', async () => {
    const root = fresh();
    const store = await openStore(`file:${root}`, {});
    await store.put('v1/a/b', Buffer.from('x'));
    expect(statSync(join(root, 'v1/a/b')).mode & 0o027).toBe(0);
    expect(statSync(join(root, 'v1/a')).mode & 0o077).toBe(0);
  });

  it('says what is wrong with a folder it cannot use', async () => {
    const root = fresh();
    writeFileSync(root, 'a file');
    const store = await openStore(`file:${encodeURI(root)}`, {});
    await expect(store.put('v1/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'store-unreachable' });
    rmSync(root);
    const drain = async () => {
      for await (const _ of store.list('v1/'));
    };
    await expect(drain()).rejects.toMatchObject({
      code: 'store-unreachable',
      details: { reason: 'the folder does not exist' },
    });
  });

  it.each(['ftp://x', 'nonsense', 'file://host/path', 's3://'])('refuses the address %s', async (url) => {
    const open = async () => openStore(url, {});
    await expect(open()).rejects.toMatchObject({ code: 'store-unreachable' });
  });

  it('keeps what it stored when the folder is later made read-only', async () => {
    const root = fresh();
    const store = await openStore(`file:${encodeURI(root)}`, {});
    await store.put('v1/a', Buffer.from('x'));
    chmodSync(join(root, 'v1'), 0o500);
    expect(readFileSync(join(root, 'v1/a'), 'utf8')).toBe('x');
    expect(Buffer.from((await store.get('v1/a')) ?? []).toString()).toBe('x');
    chmodSync(join(root, 'v1'), 0o700);
  });
});
