import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Pty, type PtyExit } from '../../src/front/pty.ts';

const folder = mkdtempSync(join(tmpdir(), 'pty-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(script: string, size = { columns: 80, rows: 24 }): { pty: Pty; output: () => Buffer } {
  const pty = new Pty({
    file: '/bin/bash',
    args: ['--norc', '-c', script],
    folder,
    environment: { PATH: '/usr/bin:/bin', TERM: 'xterm' },
    ...size,
  });
  const chunks: Buffer[] = [];
  pty.onData = (chunk) => chunks.push(Buffer.from(chunk));
  return { pty, output: () => Buffer.concat(chunks) };
}

async function run(script: string): Promise<{ exit: PtyExit; output: Buffer }> {
  const { pty, output } = start(script);
  const exit = await pty.exited;
  return { exit, output: output() };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a program on a pseudo-terminal', () => {
  it.each([0, 1, 3, 42, 255])('ends with its own exit code %i', async (code) => {
    expect((await run(`exit ${code}`)).exit).toEqual({ code, signal: 0 });
  });

  it('says which signal ended it', async () => {
    expect((await run('kill -TERM $$')).exit).toEqual({ code: 0, signal: 15 });
    expect((await run('kill -KILL $$')).exit).toEqual({ code: 0, signal: 9 });
  });

  it('sees the size it was given, and each new one', async () => {
    const { pty, output } = start(
      'trap "stty size" WINCH; stty size; while read -t 5 line; do [ "$line" = q ] && exit; done',
      {
        columns: 101,
        rows: 37,
      },
    );
    await until(() => output().includes('37 101'));
    pty.resize(132, 50);
    await until(() => output().includes('50 132'));
    pty.write(Buffer.from('q\n'));
    expect((await pty.exited).code).toBe(0);
  });

  it('survives sizes no terminal has', async () => {
    const { pty, output } = start('read line; stty size');
    pty.resize(0, -5);
    pty.resize(Number.NaN, 1e9);
    pty.write(Buffer.from('\n'));
    await pty.exited;
    expect(output().toString()).toContain('65535 1');
  });

  it('runs on a terminal that knows UTF-8 and passes other bytes on unchanged', async () => {
    const { output } = await run('stty -a | tr ";" "\\n" | grep -c " iutf8"; printf "\\377\\200\\303"');
    expect(output.subarray(0, 1).toString()).toBe('1');
    expect([...output.subarray(-3)]).toEqual([0xff, 0x80, 0xc3]);
  });

  it('hands over every byte of a program that writes much and exits at once', async () => {
    const file = join(folder, 'much');
    writeFileSync(file, 'x'.repeat(5_000_000));
    for (let round = 0; round < 5; round++)
      expect((await run(`cat ${file}; printf end`)).output.length).toBe(5_000_003);
  });

  it('loses nothing when it is paused while the program exits', async () => {
    const { pty, output } = start('printf first; read line; printf second; exit 7');
    await until(() => output().includes('first'));
    pty.pause();
    pty.write(Buffer.from('\n'));
    const exit = await pty.exited;
    expect(exit.code).toBe(7);
    expect(output().toString()).toContain('second');
  });

  it('makes the program wait while it is paused', async () => {
    const { pty, output } = start(
      'for ((i=0; i<20000; i++)); do echo 0123456789012345678901234567890123456789; done; echo done',
    );
    await until(() => output().length > 0);
    pty.pause();
    const seen = output().length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(output().length).toBe(seen);
    pty.resume();
    await pty.exited;
    expect(output().length).toBe(20_000 * 42 + 6);
  });

  it('stops and continues by job control, and takes Ctrl-C', async () => {
    const { pty, output } = start(
      'trap "echo got-int; exit 5" INT; echo ready; while :; do sleep 0.05; done',
    );
    await until(() => output().includes('ready'));
    pty.write(Buffer.from([3]));
    expect((await pty.exited).code).toBe(5);
    expect(output().toString()).toContain('got-int');
  });

  it('ends when its leader ends, although a job in the background still holds the terminal', async () => {
    const started = performance.now();
    const { exit } = await run('sleep 30 & disown; echo $!; exit 4');
    expect(exit.code).toBe(4);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
