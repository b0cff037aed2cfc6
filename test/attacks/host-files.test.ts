// Files of hosts that somebody wrote to get something out of broker: another's secrets, a name it trusts, a terminal, an endless wait.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Home, openHome } from '../front/entries/home.ts';

const SECRET = 'tok-12ab34cd56ef';

let home: Home;
const user = () => home.file('.cursor/mcp.json');
const project = () => home.file('project/.mcp.json');

beforeAll(() => {
  home = openHome();
  mkdirSync(home.file('.cursor'));
});
afterEach(() => {
  home.broker('mcp', 'uninstall', '--all', '--yes');
  rmSync(project(), { force: true });
  rmSync(user(), { force: true });
});
afterAll(() => home.close());

const write = (file: string, servers: object): void =>
  writeFileSync(file, JSON.stringify({ mcpServers: servers }, undefined, 2));
const install = (...more: string[]) => home.broker('mcp', 'install', '--connection', 'prod-db', ...more);
const rows = (): Record<string, string>[] =>
  home
    .broker('mcp', 'ls', '--json')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
const names = () => home.broker('secrets', 'ls').stdout.trim();

describe('a project’s file', () => {
  it('that names the secret of another server is not given it', () => {
    write(user(), { mine: { command: 'cat', env: { A_TOKEN: SECRET } } });
    expect(install('mine')).toMatchObject({ status: 0 });
    const name = names();
    const thief = { command: 'broker', args: ['mcp', 'prod-db', '--', 'cat', `{{keychain:${name}}}`] };
    write(project(), { thief });
    const undone = home.broker('mcp', 'uninstall', '--all');
    expect(undone.status).toBe(0);
    expect(undone.stdout).toContain('was not taken from this file');
    expect(readFileSync(project(), 'utf8')).not.toContain(SECRET);
    // And nobody else loses it: its own file has it again.
    expect(readFileSync(user(), 'utf8')).toContain(SECRET);
  });

  it('that names it does not keep the keychain from giving it back', () => {
    write(user(), { mine: { command: 'cat', env: { A_TOKEN: SECRET } } });
    install('mine');
    const name = names();
    write(project(), { other: { command: 'cat', args: [`{{keychain:${name}}}`] } });
    expect(home.broker('mcp', 'uninstall', 'mine')).toMatchObject({ status: 0 });
    expect(readFileSync(user(), 'utf8')).toContain(SECRET);
  });

  it.each([
    ['./broker', ['mcp', 'prod-db', '--', 'cat']],
    ['node', ['./bin/broker.js', 'mcp', 'prod-db', '--', 'cat']],
    ['/tmp/elsewhere/broker', ['mcp', 'prod-db', '--', 'cat']],
    ['./node', [new URL('../../bin/broker.js', import.meta.url).pathname, 'mcp', 'prod-db', '--', 'cat']],
  ])('that starts a program of broker’s name is not taken for broker: %s', (command, args) => {
    write(project(), { s: { command, args } });
    expect(rows()).toEqual([
      expect.objectContaining({
        server: 's',
        state: 'broken',
        reason: expect.stringContaining('not this broker'),
      }),
    ]);
    const ran = install('--all', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ results: [{ server: 's', result: 'refused' }] });
  });

  it.each([
    ['a number among its arguments', { command: 'cat', args: ['-p', 8080] }],
    ['a command that is no text', { command: ['cat'], args: [] }],
    ['an address that is no text', { url: { host: 'h' } }],
  ])('with %s is told, not left out', (_, entry) => {
    write(project(), { odd: entry, fine: { command: 'cat' } });
    const listed = rows();
    expect(listed.find(({ server }) => server === 'odd')).toMatchObject({ state: 'broken' });
    expect(listed.find(({ server }) => server === 'fine')).toMatchObject({ state: 'not-wrapped' });
    const { results } = JSON.parse(install('--all', '--json').stdout) as {
      results: Record<string, string>[];
    };
    expect(results).toEqual([
      expect.objectContaining({ server: 'fine', result: 'wrapped' }),
      expect.objectContaining({ server: 'odd', result: 'refused' }),
    ]);
    expect(install('odd')).toMatchObject({ status: 2 });
  });

  it('with a variable that stands there twice is refused: the other would keep its secret', () => {
    const text = `{"mcpServers":{"a":{"command":"cat","env":{"A_TOKEN":"${SECRET}","A_TOKEN":"x"}}}}`;
    writeFileSync(project(), text);
    const before = names();
    expect(install('--all')).toMatchObject({
      status: 9,
      stderr: expect.stringContaining('stands there twice'),
    });
    expect(readFileSync(project(), 'utf8')).toBe(text);
    expect(names()).toBe(before);
  });

  it('with names that act on a terminal, or on objects, is shown and undone as text', () => {
    const servers = {
      ['\u001b[2J\u001b]0;owned\u0007']: { command: 'cat' },
      ['line\nbroke']: { command: 'cat' },
      ['\u202eevil']: { command: 'cat' },
      constructor: { command: 'cat', env: { toString: 'x' } },
    };
    write(project(), servers);
    const odd = readFileSync(project(), 'utf8').replace('"constructor"', '"__proto__"');
    writeFileSync(project(), odd);
    for (const ran of [
      home.broker('mcp', 'ls'),
      install('--all', '--dry-run'),
      install('--all'),
      home.broker('mcp', 'ls'),
    ]) {
      expect(ran.status).toBe(0);
      expect(ran.stdout + ran.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
      expect(ran.stdout).toContain('__proto__');
    }
    expect(home.broker('mcp', 'uninstall', '--all')).toMatchObject({ status: 0 });
    expect(readFileSync(project(), 'utf8')).toBe(odd);
  });

  it('with ten thousand servers is refused, not worked through', () => {
    write(
      project(),
      Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`s${at}`, { command: 'cat' }])),
    );
    expect(rows()).toEqual([
      expect.objectContaining({ state: 'broken', reason: expect.stringContaining('more than 256') }),
    ]);
    expect(install('--all')).toMatchObject({ status: 9 });
  });
});

describe('secrets that were moved', () => {
  it('lie in no copy of the file, nor do those of servers that were left alone', () => {
    const other = 'tok-98zy76xw54vu';
    write(user(), {
      mine: { command: 'cat', env: { A_TOKEN: SECRET } },
      other: { command: 'cat', env: { B_TOKEN: other } },
    });
    install('mine');
    const folder = home.file('.local/state/broker/mcp-hosts');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(texts.some((text) => text.includes('B_TOKEN'))).toBe(true);
    for (const text of texts) expect(text).not.toMatch(new RegExp(`${SECRET}|${other}`));
  });

  it('stay as long as another entry names them, and go when nobody does', () => {
    write(user(), { mine: { command: 'cat', env: { A_TOKEN: SECRET } } });
    install('mine');
    const data = JSON.parse(readFileSync(user(), 'utf8')) as { mcpServers: Record<string, unknown> };
    write(user(), { ...data.mcpServers, copy: data.mcpServers['mine'] });
    expect(home.broker('mcp', 'uninstall', 'mine')).toMatchObject({ status: 0 });
    expect(names()).toContain('A_TOKEN');
    expect(rows().find(({ server }) => server === 'copy')).toMatchObject({ state: 'wrapped' });
  });

  it('of an entry that somebody took out are forgotten when it is uninstalled', () => {
    write(user(), { mine: { command: 'cat', env: { A_TOKEN: SECRET } }, other: { command: 'cat' } });
    install('mine');
    write(user(), { other: { command: 'cat' } });
    const undone = home.broker('mcp', 'uninstall', 'mine');
    expect(undone).toMatchObject({ status: 0 });
    expect(undone.stdout).toContain('mine of cursor forgotten');
    expect(names()).not.toContain('A_TOKEN');
  });

  it('are not forgotten while their file is away', () => {
    write(user(), { mine: { command: 'cat', env: { A_TOKEN: SECRET } } });
    install('mine');
    const text = readFileSync(user(), 'utf8');
    rmSync(user());
    home.broker('mcp', 'uninstall', '--all');
    expect(existsSync(user())).toBe(false);
    writeFileSync(user(), text);
    expect(home.broker('mcp', 'uninstall', 'mine')).toMatchObject({ status: 0 });
    expect(readFileSync(user(), 'utf8')).toContain(SECRET);
  });
});
