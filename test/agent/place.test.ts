import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectSocket, secureFolder, socketFolder, socketPath } from '../../src/agent/place.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'place-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('the folder of the control socket', () => {
  it('is made for us alone, whatever the umask says', () => {
    const before = process.umask(0);
    try {
      secureFolder(join(folder, 'a', 'run'));
    } finally {
      process.umask(before);
    }
    expect(statSync(join(folder, 'a', 'run')).mode & 0o777).toBe(0o700);
  });

  it('is closed to others when it was open', () => {
    chmodSync(folder, 0o777);
    secureFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is refused when it is a symbolic link, even to a folder of ours', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(codeOf(() => secureFolder(join(folder, 'link')))).toBe('agent-unreachable');
  });

  it('is refused when it is a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(codeOf(() => secureFolder(join(folder, 'file')))).toBeDefined();
  });

  it.runIf(process.getuid?.() === 0)('is refused when it belongs to somebody else', async () => {
    const { chownSync } = await import('node:fs');
    const theirs = join(folder, 'theirs');
    mkdirSync(theirs);
    chownSync(theirs, 65534, 65534);
    expect(codeOf(() => secureFolder(theirs))).toBe('agent-unreachable');
  });

  it('moves to a short path when the socket’s own would be cut off, one for each runtime folder', () => {
    const long = join('/tmp', 'x'.repeat(120));
    const longer = join('/tmp', 'x'.repeat(121));
    expect(Buffer.byteLength(socketPath(long))).toBeLessThanOrEqual(103);
    expect(socketFolder(long)).not.toBe(socketFolder(longer));
    expect(socketFolder('/run/user/1000/broker')).toBe('/run/user/1000/broker');
  });

  it('counts bytes, not characters', () => {
    expect(socketFolder(`/tmp/${'ü'.repeat(45)}`)).toMatch(/^\/tmp\/broker-/);
  });
});

describe('the control socket before anything is sent to it', () => {
  const listen = async (path: string) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return server;
  };

  it('is taken when it is ours and closed to others', async () => {
    const path = join(folder, 'agent.sock');
    const server = await listen(path);
    chmodSync(path, 0o600);
    expect(inspectSocket(path)?.isSocket()).toBe(true);
    server.close();
  });

  it('is refused when others may connect to it', async () => {
    const path = join(folder, 'agent.sock');
    const server = await listen(path);
    chmodSync(path, 0o666);
    expect(codeOf(() => inspectSocket(path))).toBe('agent-unreachable');
    server.close();
  });

  it('is refused when it is a symbolic link to a socket', async () => {
    const path = join(folder, 'real.sock');
    const server = await listen(path);
    chmodSync(path, 0o600);
    symlinkSync(path, join(folder, 'agent.sock'));
    expect(codeOf(() => inspectSocket(join(folder, 'agent.sock')))).toBe('agent-unreachable');
    server.close();
  });

  it('is refused when it is a file', () => {
    writeFileSync(join(folder, 'agent.sock'), '', { mode: 0o600 });
    expect(codeOf(() => inspectSocket(join(folder, 'agent.sock')))).toBe('agent-unreachable');
  });

  it('is simply absent when there is none', () => {
    expect(inspectSocket(join(folder, 'agent.sock'))).toBeUndefined();
  });
});
