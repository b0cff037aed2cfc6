// The binary as a shell sees it: exit codes, what goes to which stream, signals, pipes that close.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BROKER = new URL('../bin/broker.js', import.meta.url).pathname;
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'main-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(args: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [BROKER, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, ...environment },
  });
}

function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const broker = (args: readonly string[], environment?: Record<string, string>) => {
  const child = start(args, environment);
  child.stdin?.end();
  return finish(child);
};

describe('broker', () => {
  it('prints help on stdout and exits with 0, also without a word', async () => {
    const [bare, asked] = await Promise.all([broker([]), broker(['--help'])]);
    expect(bare).toEqual({ code: 0, stdout: asked.stdout, stderr: '' });
    expect(asked.stdout).toContain('Getting started:');
  });

  it('prints its version', async () => {
    expect(await broker(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it('says what is wrong in one line and what to do in the next, on stderr', async () => {
    expect(await broker(['conect'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'broker: error: there is no command conect\nbroker: hint: did you mean `broker connect`?\n',
    });
    expect(await broker(['whoami'])).toMatchObject({ code: 4, stdout: '' });
    expect(await broker(['config', 'check'])).toMatchObject({
      code: 9,
      stderr: 'broker: error: there is no configuration yet\nbroker: hint: write one with `broker init`\n',
    });
    await broker(['agent', 'stop']);
  });

  it('says it as JSON where JSON was asked for, but not when the client was', async () => {
    const { code, stderr } = await broker(['config', 'check', '--json']);
    expect(code).toBe(9);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'config-missing', hint: expect.any(String) } });
    const client = await broker(['exec', '--', 'x', '--json']);
    expect(client.stderr).toMatch(/^broker: error: /);
  });

  it('makes control characters in an error visible', async () => {
    const { stderr } = await broker(['connections', 'show', 'a\u001b[31mb\u202ec'], {
      BROKER_CONFIG: emptyConfig(),
    });
    expect(stderr).toContain('there is no connection named a');
    expect(stderr).not.toMatch(/[\u001b\u202e]/);
  });

  it('reads another configuration with --config', async () => {
    const file = emptyConfig();
    const { code, stdout } = await broker(['config', 'check', '--config', 'other.yaml']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}: 0 connections, no problem\n` });
  });

  it('is quiet and content when its reader has seen enough', async () => {
    const child = start(['config', 'schema']);
    child.stdout?.destroy();
    const { code, stderr } = await finish(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with 130 at %s, at once', async (signal) => {
    // Waits for the text to mask on standard input.
    const child = start(['mask', 'test']);
    const finished = finish(child);
    child.stdin?.write('4111 1111 1111 1111\n'.repeat(5000));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill(signal);
    const { code } = await finished;
    expect(code).toBe(130);
  });

  it('uses no colour without a terminal', async () => {
    const { stdout } = await broker(['doctor'], { BROKER_CONFIG: emptyConfig() });
    expect(stdout).toContain('✓ node');
    expect(stdout).not.toContain('\u001b');
  });

  it('prints the completion scripts it ships', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await broker(['completion', shell]);
      expect(code).toBe(0);
      expect(stdout).toContain('broker complete connections');
    }
  });

  it('never fails while a shell waits for words', async () => {
    expect(await broker(['complete', 'connections'], { BROKER_CONFIG: '/nowhere' })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

function emptyConfig(): string {
  const file = join(home, 'other.yaml');
  mkdirSync(home, { recursive: true });
  writeFileSync(file, 'version: 1\n');
  return file;
}
