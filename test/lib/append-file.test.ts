import { closeSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppendFile } from '../../src/lib/append-file.ts';
import { base32 } from '../../src/lib/base32.ts';
import { workFolder } from '../fakes/installation.ts';

const work = workFolder();
let count = 0;
const fresh = () => join(work.path, `file-${count++}`);
afterAll(() => work.remove());

describe('a file that only grows', () => {
  it('holds what was flushed, in order, private to its owner', async () => {
    const path = fresh();
    const file = new AppendFile(path);
    file.append('one\n');
    expect(readFileSync(path, 'utf8')).toBe('');
    file.flush();
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    file.append('zwei ü\n');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('one\nzwei ü\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('hands a lot of text to the kernel without being asked', () => {
    const file = new AppendFile(fresh());
    file.append('x'.repeat(300_000));
    expect(file.size).toBe(300_000);
  });

  it('shares one fsync among those who ask meanwhile', async () => {
    const file = new AppendFile(fresh());
    file.append('x');
    file.flush();
    await Promise.all([file.sync(), file.sync(), file.sync()]);
    await file.close();
  });

  it('does not open what exists, be it a file or a link', () => {
    const path = fresh();
    writeFileSync(path, 'precious');
    expect(() => new AppendFile(path)).toThrow('EEXIST');
    const link = fresh();
    symlinkSync(fresh(), link);
    expect(() => new AppendFile(link)).toThrow('EEXIST');
  });

  it('fails for good once a write has failed', async () => {
    // The descriptor is closed behind its back: the next write meets EBADF, as a real disk fault would be met.
    const probe = openSync('/dev/null', 'r');
    closeSync(probe);
    const file = new AppendFile(fresh());
    closeSync(probe);
    file.append('x');
    expect(() => file.flush()).toThrow('EBADF');
    expect(() => file.append('y')).toThrow('EBADF');
    await expect(file.sync()).rejects.toThrow('EBADF');
  });
});

describe('base32', () => {
  it('is RFC 4648’s, lower case and unpadded', () => {
    const vectors = {
      '': '',
      f: 'my',
      fo: 'mzxq',
      foo: 'mzxw6',
      foob: 'mzxw6yq',
      fooba: 'mzxw6ytb',
      foobar: 'mzxw6ytboi',
    };
    for (const [text, expected] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(expected);
  });
});
