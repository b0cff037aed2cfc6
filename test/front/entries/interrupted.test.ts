// `mcp install` and `uninstall` that are killed at each of their steps, or that meet: the old file or the new one, and nothing lost or left.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { madeRecordFolder, markOf } from '../../../src/front/entries/record.ts';
import { takeLock } from '../../../src/lib/row-lock.ts';
import { type Home, openHome } from './home.ts';

const KILL = pathToFileURL(new URL('./kill-at.mjs', import.meta.url).pathname).href;
const SECRET = 'tok-12ab34cd56ef';
const OLD = `{\n  "mcpServers": {\n    "a": { "command": "cat", "env": { "A_TOKEN": "${SECRET}" } },\n    "b": { "command": "tac" }\n  }\n}\n`;

/** More than any of them takes; a step beyond the last kills nobody. */
const STEPS = Array.from({ length: 24 }, (_, step) => step);

vi.setConfig({ testTimeout: 240_000 });

let home: Home;
let file: string;

beforeAll(() => {
  home = openHome();
  mkdirSync(home.file('.cursor'));
  file = home.file('.cursor/mcp.json');
});
afterAll(() => home.close());

const text = () => readFileSync(file, 'utf8');
const records = () => {
  const folder = home.file('.local/state/broker/mcp-hosts');
  return readdirSync(folder).filter((name) => name.endsWith('.json'));
};
const names = () => home.broker('secrets', 'ls').stdout.trim();
const install = ['mcp', 'install', 'a', '--connection', 'prod-db'];
const uninstall = ['mcp', 'uninstall', 'a'];
const killed = (step: number, args: readonly string[]) =>
  home.brokerWith({ NODE_OPTIONS: `--import=${KILL}`, KILL_AT: String(step) }, ...args).status === null;
const stateOf = (server: string) => {
  const rows = home.broker('mcp', 'ls', '--json').stdout.trim().split('\n');
  return rows
    .map((row) => JSON.parse(row) as { server: string; state: string })
    .find((row) => row.server === server)?.state;
};

/** Kills it at each step in turn until none is left; `between` looks at what is there, then all has to go on as if nothing had been. */
function eachStep(args: readonly string[], prepare: () => void, between: () => void): number {
  for (const step of STEPS) {
    prepare();
    const dead = killed(step, args);
    between();
    expect(home.broker(...install)).toMatchObject({ status: 0, stderr: '' });
    expect(text()).not.toContain(SECRET);
    expect(stateOf('a')).toBe('wrapped');
    expect(home.broker(...uninstall)).toMatchObject({ status: 0, stderr: '' });
    expect(text()).toBe(OLD);
    expect(names()).toBe('');
    expect(records()).toEqual([]);
    expect(readdirSync(home.file('.cursor'))).toEqual(['mcp.json']);
    if (!dead) return step;
  }
  return STEPS.length;
}

describe('killed at any step', () => {
  let wrapped: string;
  beforeAll(() => {
    writeFileSync(file, OLD);
    home.broker(...install);
    wrapped = text();
    home.broker(...uninstall);
    expect(text()).toBe(OLD);
  });

  const whole = () => {
    expect([OLD, wrapped]).toContain(text());
    // The server could be started, whichever it is.
    expect(stateOf('a')).toBe(text() === OLD ? 'not-wrapped' : 'wrapped');
    if (text() === wrapped) expect(names()).toContain('A_TOKEN');
  };

  it('an install leaves the old file or the new one, and is mended by the next', () => {
    const steps = eachStep(install, () => {}, whole);
    expect(steps).toBeGreaterThan(4);
    expect(steps).toBeLessThan(STEPS.length);
  });

  it('so does an uninstall', () => {
    const steps = eachStep(uninstall, () => home.broker(...install), whole);
    expect(steps).toBeGreaterThan(4);
    expect(steps).toBeLessThan(STEPS.length);
  });

  it('an uninstall of another server mends it too', () => {
    for (const step of [5, 7]) {
      expect(killed(step, install)).toBe(true);
      home.broker('mcp', 'uninstall', '--all');
      expect(text()).toBe(OLD);
      expect(names()).toBe('');
    }
  });
});

describe('at the same moment', () => {
  it('six installs on one file each do what they say, and come apart again', async () => {
    const servers = Object.fromEntries(
      Array.from({ length: 6 }, (_, at) => [
        `s${at}`,
        { command: 'cat', env: { A_TOKEN: `tok-1234567${at}9a` } },
      ]),
    );
    const before = JSON.stringify({ mcpServers: servers }, undefined, 2);
    writeFileSync(file, before);
    const runs = await Promise.all(
      Object.keys(servers).map((name) =>
        home.start('mcp', 'install', name, '--connection', 'prod-db', '--json'),
      ),
    );
    for (const { status, stdout } of runs)
      expect([status, (JSON.parse(stdout) as { results: { result: string }[] }).results[0]?.result]).toEqual([
        0,
        'wrapped',
      ]);
    expect(text()).not.toMatch(/tok-\d/);
    expect(names().split('\n')).toHaveLength(6);
    const undone = await Promise.all(
      Object.keys(servers).map((name) => home.start('mcp', 'uninstall', name)),
    );
    expect(undone.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(text()).toBe(before);
    expect(names()).toBe('');
    expect(records()).toEqual([]);
  });

  it('of the same install twice, one wraps and the other finds it done', async () => {
    writeFileSync(file, OLD);
    const runs = await Promise.all([home.start(...install, '--json'), home.start(...install, '--json')]);
    const results = runs.map(
      ({ stdout }) => (JSON.parse(stdout) as { results: { result: string }[] }).results[0]?.result,
    );
    expect(results.sort()).toEqual(['already', 'wrapped']);
    expect(home.broker(...uninstall)).toMatchObject({ status: 0 });
    expect(text()).toBe(OLD);
  });

  it('who waits for another broker can be interrupted, and goes on when that one is done', async () => {
    writeFileSync(file, OLD);
    const folder = madeRecordFolder(home.file('.local/state/broker'));
    const held = takeLock(folder, markOf(file));
    expect(held).toBeDefined();
    const other = home.start(...install);
    let status: number | null = null;
    // A signal that comes before node is up kills it: later, then.
    for (let after = 500; status !== 130 && after < 20_000; after *= 2) {
      const one = home.start(...install);
      const timer = setTimeout(() => one.child.kill('SIGINT'), after);
      status = (await one).status;
      clearTimeout(timer);
    }
    expect(status).toBe(130);
    expect(text()).toBe(OLD);
    held?.release();
    expect(await other).toMatchObject({ status: 0, stderr: '' });
    expect(text()).not.toContain(SECRET);
    expect(home.broker(...uninstall)).toMatchObject({ status: 0 });
  });

  it('a lock of a process that is gone holds nobody up', () => {
    const [lock = ''] = readdirSync(home.file('.local/state/broker/mcp-hosts')).filter((name) =>
      name.includes('.lock.'),
    );
    const path = join(home.file('.local/state/broker/mcp-hosts'), lock);
    writeFileSync(path, JSON.stringify({ pid: process.pid, start: 'of another process' }));
    expect(home.broker(...install)).toMatchObject({ status: 0 });
    expect(home.broker(...uninstall)).toMatchObject({ status: 0 });
  });
});
