// What may stand where a host's file is expected: pipes, folders, circles of links, bombs. Named with what mends it, never waited for, never replaced.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readHostFile, treeOf } from '../../../src/front/entries/host-file.ts';
import { replaceHostFile } from '../../../src/front/entries/replace.ts';
import { type Home, openHome } from './home.ts';

const TEXT = '{ "mcpServers": { "a": { "command": "cat" } } }\n';
const ROOT = process.getuid?.() === 0;
/** What root may do anyway is tried as nobody. */
const NOBODY = 65_534;

function asNobody<T>(run: () => T): T {
  if (!ROOT) return run();
  process.seteuid?.(NOBODY);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
  }
}

describe('in the place of a host’s file', () => {
  let home: Home;
  let file: string;
  beforeAll(() => {
    home = openHome();
    mkdirSync(home.file('.cursor'));
    mkdirSync(home.file('.gemini'));
    writeFileSync(home.file('.gemini/settings.json'), TEXT);
    file = home.file('.cursor/mcp.json');
  });
  beforeEach(() => rmSync(file, { recursive: true, force: true }));
  afterAll(() => home.close());

  const install = (...more: string[]) =>
    home.broker('mcp', 'install', 'a', '--connection', 'prod-db', '--host', 'cursor', ...more);

  /** `mcp ls` tells the others all the same. */
  function listed(reason: string): void {
    const { status, stdout, stderr } = home.broker('mcp', 'ls', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(rows).toEqual([
      expect.objectContaining({ host: 'gemini', server: 'a', state: 'not-wrapped' }),
      expect.objectContaining({ host: 'cursor', state: 'broken', reason: expect.stringContaining(reason) }),
    ]);
  }

  const refused = (code: string, reason: string) => {
    const ran = install('--json');
    expect(ran.status).toBe(9);
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; message: string; hint?: string } };
    expect(error).toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(error.hint).toContain('nothing was changed');
    expect(ran.stderr).not.toContain('at Object');
    listed(reason);
  };

  it('a pipe is refused, not read', () => {
    execFileSync('mkfifo', [file]);
    refused('host-file-unreadable', 'it is not a plain file');
    expect(statSync(file).isFIFO()).toBe(true);
  });

  it('a link to a pipe or a device is refused too', () => {
    symlinkSync('/dev/zero', file);
    refused('host-file-unreadable', 'it is not a plain file');
  });

  it('a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(file, resolve));
    refused('host-file-unreadable', 'it is not a plain file');
    await new Promise((resolve) => server.close(resolve));
  });

  it('a folder is refused', () => {
    mkdirSync(file);
    refused('host-file-unreadable', 'it is a folder');
  });

  it('links in a circle are refused', () => {
    symlinkSync('mcp.json', file);
    refused('host-file-unreadable', 'its links lead in a circle');
  });

  it('bytes that are not UTF-8 are refused', () => {
    writeFileSync(file, Buffer.concat([Buffer.from(TEXT), Buffer.from([0xff, 0xfe])]));
    refused('host-file-invalid', 'it is not UTF-8');
  });

  it('more than 32 MiB is refused', () => {
    writeFileSync(file, '{}');
    truncateSync(file, 33 * 1024 * 1024);
    refused('host-file-invalid', 'it is too large for a configuration');
  });

  it('200,000 levels are refused', () => {
    writeFileSync(file, '{"a":'.repeat(200_000));
    refused('host-file-invalid', 'it is nested too deeply');
  });

  it('a file that is read-only stays as it is', () => {
    writeFileSync(file, TEXT, { mode: 0o444 });
    const ran = install('--json');
    expect(ran.status).toBe(9);
    expect(JSON.parse(ran.stderr)).toMatchObject({
      error: { code: 'host-file-unwritable', hint: expect.stringContaining('writable') },
    });
    expect(readFileSync(file, 'utf8')).toBe(TEXT);
    expect(home.broker('mcp', 'ls', '--host', 'cursor', '--json').stdout).toContain('"not-wrapped"');
  });

  it('a link that leads nowhere yet stays, and what it leads to is made', () => {
    symlinkSync('../dotfiles/cursor/mcp.json', file);
    const add = ['mcp', 'install', '--host', 'cursor', '--connection', 'prod-db'];
    expect(home.broker(...add)).toMatchObject({ status: 0, stderr: '' });
    expect(readlinkSync(file)).toBe('../dotfiles/cursor/mcp.json');
    expect(readFileSync(home.file('dotfiles/cursor/mcp.json'), 'utf8')).toContain('prod-db');
    expect(home.broker('mcp', 'uninstall', 'prod-db')).toMatchObject({ status: 0 });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(() => statSync(home.file('dotfiles/cursor/mcp.json'))).toThrow('ENOENT');
  });
});

describe('a host’s file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'host-file-'));
    chmodSync(folder, 0o755);
    file = join(folder, 'mcp.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('that may not be read is named with what mends it', () => {
    writeFileSync(file, TEXT, { mode: 0o600 });
    if (!ROOT) chmodSync(file, 0o000);
    expect(() => asNobody(() => readHostFile(file))).toThrow(
      expect.objectContaining({
        code: 'host-file-unreadable',
        message: expect.stringContaining('permission denied'),
      }),
    );
  });

  it('in a folder that may not be written stays, and nothing is left beside it', async () => {
    writeFileSync(file, TEXT, { mode: 0o666 });
    chmodSync(file, 0o666);
    if (!ROOT) chmodSync(folder, 0o555);
    const known = readHostFile(file);
    const tried = asNobody(() => replaceHostFile(known, 'new'));
    if (ROOT) process.seteuid?.(NOBODY);
    const failed = await tried.catch((error: unknown) => error).finally(() => ROOT && process.seteuid?.(0));
    if (!ROOT) chmodSync(folder, 0o755);
    expect(failed).toMatchObject({ code: 'host-file-unwritable' });
    expect(readFileSync(file, 'utf8')).toBe(TEXT);
  });

  it('keeps its mode', async () => {
    for (const mode of [0o600, 0o640, 0o664, 0o755]) {
      writeFileSync(file, TEXT);
      chmodSync(file, mode);
      await replaceHostFile(readHostFile(file), 'new');
      expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o7777]).toEqual(['new', mode]);
    }
  });

  it.runIf(ROOT)('keeps its owner when root edits it', async () => {
    writeFileSync(file, TEXT);
    chownSync(file, NOBODY, NOBODY);
    await replaceHostFile(readHostFile(file), 'new');
    expect(statSync(file)).toMatchObject({ uid: NOBODY, gid: NOBODY });
  });

  it('that somebody wrote meanwhile is not overwritten', async () => {
    writeFileSync(file, TEXT);
    const known = readHostFile(file);
    writeFileSync(file, `${TEXT} `);
    await expect(replaceHostFile(known, 'new')).rejects.toMatchObject({ code: 'host-file-changed' });
    await expect(replaceHostFile(known, undefined)).rejects.toMatchObject({ code: 'host-file-changed' });
    expect(readFileSync(file, 'utf8')).toBe(`${TEXT} `);
  });

  it('is the same through any link that leads to it', () => {
    writeFileSync(file, TEXT);
    symlinkSync(folder, join(folder, 'loop'));
    symlinkSync('loop/loop/mcp.json', join(folder, 'other.json'));
    expect(readHostFile(join(folder, 'other.json')).path).toBe(readHostFile(file).path);
  });
});

describe('depth', () => {
  const deep = (open: string, close = '') => open.repeat(200_000) + close.repeat(200_000);
  it.each([
    ['json', 'lists', deep('[', ']')],
    ['json', 'maps', deep('{"a":', '}')],
    ['json', 'maps behind comments', deep('{/*[*/"a"://\n', '}')],
    ['yaml', 'lists in brackets', deep('[', ']')],
    ['yaml', 'maps in brackets', deep('{a: ', '}')],
    ['yaml', 'dashes', `a:\n  ${deep('- ')}b`],
    ['yaml', 'question marks', deep('? ')],
    ['yaml', 'lines', Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')],
    ['toml', 'lists', `a = ${deep('[', ']')}`],
    ['toml', 'maps', `a = ${deep('{ a = ', '}')}`],
    ['toml', 'a dotted key', `a${'.a'.repeat(200_000)} = 1`],
    ['toml', 'a header', `[a${'.a'.repeat(200_000)}]`],
    ['toml', 'an array of tables', `[[a${'.a'.repeat(200_000)}]]`],
    ['toml', 'dotted keys in maps', `a = ${`{ ${'a.'.repeat(60)}a = `.repeat(60)}1${' }'.repeat(60)}`],
  ] as const)('%s: %s', (format, _, text) => {
    expect(() => treeOf('f', format, text)).toThrow(expect.objectContaining({ code: 'host-file-invalid' }));
  });

  it.each([
    ['json', `${'{"a":'.repeat(90)}{}${'}'.repeat(90)}`],
    ['yaml', `${'{a: '.repeat(80)}1${'}'.repeat(80)}`],
    ['yaml', Array.from({ length: 60 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')],
    ['toml', `[${'a.'.repeat(40)}b]\nc = ${'['.repeat(40)}${']'.repeat(40)}`],
    ['json', `{"text": "${'['.repeat(1000)}", /* ${'{'.repeat(1000)} */ "b": 1}`],
    ['yaml', `text: "${'['.repeat(1000)}"\nother: |\n  ${'- '.repeat(500)}\n# ${'['.repeat(500)}\n`],
  ] as const)('%s that is deep enough for anybody passes: %#', (format, text) => {
    expect(treeOf('f', format, text).kind).toBe('map');
  });
});
