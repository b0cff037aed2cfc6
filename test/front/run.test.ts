import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecorder } from '../../src/front/recorder.ts';
import { type RunEnd, type RunOrder, runRecorded } from '../../src/front/run.ts';
import { type CastEvent, isHeader, readCast } from '../../src/lib/asciicast.ts';
import { type FakeScreen, fakeScreen } from '../fakes/screen.ts';

let spool: string;
beforeEach(() => {
  spool = mkdtempSync(join(tmpdir(), 'run-'));
});
afterEach(() => rmSync(spool, { recursive: true, force: true }));

const cast = () => join(spool, 'front.cast');

function run(screen: FakeScreen, script: string, more: Partial<RunOrder> = {}): Promise<RunEnd> {
  return runRecorded({
    file: '/bin/bash',
    args: ['--norc', '-c', script],
    environment: { PATH: '/usr/bin:/bin', TERM: 'xterm' },
    cwd: spool,
    streams: screen,
    over: new Promise(() => undefined),
    record: (size, failed) =>
      openRecorder(
        { ...size, session: { spool, connection: 'db', id: '1jbx2k3m4n5p6q7r8' }, command: 'bash' },
        failed,
      ),
    ...more,
  });
}

async function events(): Promise<CastEvent[]> {
  const found: CastEvent[] = [];
  for await (const item of readCast(createReadStream(cast()))) if (!isHeader(item)) found.push(item);
  return found;
}

const output = (all: readonly CastEvent[]) =>
  all
    .filter(({ code }) => code === 'o')
    .map(({ data }) => data)
    .join('');
const input = (all: readonly CastEvent[]) => all.filter(({ code }) => code === 'i').map(({ data }) => data);

describe('a client on a recorded terminal', () => {
  it('has everything it shows in the recording before it is on the screen', async () => {
    const screen = fakeScreen(true);
    const late: string[] = [];
    screen.onShow = (chunk) => {
      const recorded = readFileSync(cast(), 'utf8');
      for (const line of chunk.toString().split('\r\n').slice(0, -1))
        if (!recorded.includes(line)) late.push(line);
    };
    await run(screen, 'for i in {1..200}; do echo "line number $i"; done');
    expect(late).toEqual([]);
    expect(output(await events())).toBe(screen.shown());
  });

  it('passes exit codes and signals through as a shell counts them', async () => {
    expect(await run(fakeScreen(true), 'exit 42')).toEqual({ exit: 42, signal: 0 });
    rmSync(cast());
    expect(await run(fakeScreen(true), 'kill -TERM $$')).toEqual({ exit: 143, signal: 15 });
  });

  it('puts the terminal into raw mode and back, also when the recording cannot be made', async () => {
    const screen = fakeScreen(true);
    await run(screen, 'true');
    expect(screen.modes).toEqual([true, false]);
    const broken = fakeScreen(true);
    const fail = () => Promise.reject(new Error('disk full'));
    await expect(run(broken, 'sleep 60', { record: fail })).rejects.toThrow('disk full');
    expect(broken.modes.at(-1) ?? false).toBe(false);
  });

  it('follows the size of the terminal, and so does the recording', async () => {
    const screen = fakeScreen(true, { columns: 100, rows: 40 });
    const done = run(screen, 'stty size; read line; stty size');
    await screen.until('40 100');
    screen.resize(123, 45);
    screen.type('\n');
    await done;
    expect(screen.shown()).toContain('45 123');
    expect((await events()).filter(({ code }) => code === 'r').map(({ data }) => data)).toEqual(['123x45']);
    expect(JSON.parse(readFileSync(cast(), 'utf8').split('\n')[0] ?? '')).toMatchObject({
      version: 2,
      width: 100,
      height: 40,
    });
  });

  it('records what was typed only where it was echoed', async () => {
    const screen = fakeScreen(true);
    const done = run(
      screen,
      'read -p "name: " name; read -s -p "password: " secret; echo; echo "got ${#secret}"',
    );
    await screen.until('name: ');
    screen.type('alice');
    await screen.until('name: alice');
    screen.type('\r');
    await screen.until('password: ');
    screen.type('hunter2\r');
    await done;
    const all = await events();
    expect(input(all)).toEqual(['alice', '\u2022']);
    expect(readFileSync(cast(), 'utf8')).not.toContain('hunter2');
    expect(screen.shown()).toContain('got 7');
  });

  it('hides what detectors know in the recording, in output and in echoed input', async () => {
    const screen = fakeScreen(true);
    const done = run(screen, 'echo "card 4111111111111111 here"; read -p "next: " line');
    await screen.until('next: ');
    for (const key of '5555555555554444') screen.type(key);
    await screen.until('5555555555554444');
    screen.type('\r');
    await done;
    const text = readFileSync(cast(), 'utf8');
    expect(screen.shown()).toContain('4111111111111111');
    expect(text).not.toContain('4111111111111111');
    expect(output(await events())).toContain('card [payment-card] here');
    expect(input(await events()).join('')).not.toContain('5555555555554444');
  });

  it('hides a number that a person types slowly, save its first digit', async () => {
    const screen = fakeScreen(true);
    const done = run(screen, 'read -p "next: " line; echo thanks');
    await screen.until('next: ');
    let typed = '';
    for (const key of '5555555555554444') {
      screen.type(key);
      typed += key;
      await screen.until(typed);
      await new Promise((resolve) => setTimeout(resolve, 70));
    }
    screen.type('\r');
    await done;
    expect(output(await events())).toMatch(/next: 5?\[payment-card\]\r\nthanks/);
  });

  it('ends the client when nothing records any more', async () => {
    const screen = fakeScreen(true);
    let chunks = 0;
    const failing = {
      output: () => {
        chunks += 1;
        if (chunks > 1) throw new Error('no space left');
        return undefined;
      },
      input: () => undefined,
      resize: () => undefined,
      close: async () => undefined,
    };
    const end = await run(screen, 'echo one; sleep 0.2; echo two; sleep 60', { record: async () => failing });
    expect(end).toMatchObject({ failure: new Error('no space left') });
    expect(screen.shown()).toContain('one');
    expect(screen.shown()).not.toContain('two');
  });

  it('ends the client when its session is over, even one that does not want to', async () => {
    const screen = fakeScreen(true);
    let over: (value: unknown) => void = () => undefined;
    const done = run(screen, 'trap "" HUP TERM INT; echo ready; while :; do sleep 0.1; done', {
      over: new Promise((resolve) => {
        over = resolve;
      }),
    });
    await screen.until('ready');
    over('killed');
    expect(await done).toMatchObject({ exit: 137, signal: 9 });
  });

  it('runs full-screen programs: vi edits a file', async () => {
    const screen = fakeScreen(true);
    const done = run(screen, 'command -v vi >/dev/null || exit 77; vi -u NONE note.txt', {});
    const end = await Promise.race([done, screen.until('~').then(() => undefined)]);
    if (end?.exit === 77) return;
    screen.type('ihello from vi\x1b:wq\r');
    expect((await done).exit).toBe(0);
    expect(readFileSync(join(spool, 'note.txt'), 'utf8')).toBe('hello from vi\n');
  });
});

describe('a client without a terminal', () => {
  it('is recorded all the same, streams apart, exit code passed on', async () => {
    const screen = fakeScreen(false);
    const end = await run(screen, 'echo out; echo err >&2; [ -t 1 ] && echo tty; exit 9');
    expect(end).toEqual({ exit: 9, signal: 0 });
    expect(screen.shown()).toBe('out\n');
    expect(screen.errors()).toBe('err\n');
    expect(screen.modes).toEqual([]);
    const text = output(await events());
    expect(text).toContain('out\n');
    expect(text).toContain('err\n');
  });

  it('says which signal ended it', async () => {
    expect(await run(fakeScreen(false), 'kill -KILL $$')).toEqual({ exit: 137, signal: 9 });
  });

  it('fails with the reason when the program is not there', async () => {
    await expect(run(fakeScreen(false), '', { file: '/nonexistent/psql' })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
