// Every host's file, as badly laid out as people leave them: put behind broker by the real binary, read as a diff, and given back to the byte.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../peers/peer.ts';
import { BEFORE, type Home, openHome } from './home.ts';

const AFTER = new URL('../../golden/hosts/after', import.meta.url).pathname;
const SECRETS = /tok-(?!line)[0-9a-z]{8}|s3cr3t-pw|correct-horse/;

const files = readdirSync(BEFORE, { recursive: true, encoding: 'utf8' })
  .filter((name) => statSync(join(BEFORE, name)).isFile())
  .sort();

/** Names of secrets end in a mark of where the file is. */
const unmarked = (text: string) => text.replace(/\.[0-9a-f]{8}\}\}/g, '.########}}');

describe('every host', () => {
  let home: Home;
  beforeAll(() => {
    home = openHome(BEFORE);
  });
  afterAll(() => home.close());

  it('shows what would change without a secret, and changes nothing, with --dry-run', () => {
    const { status, stdout } = home.broker('mcp', 'install', '--all', '--connection', 'prod-db', '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('+    "filesystem": {"type":"stdio","command":"broker"');
    expect(stdout).not.toMatch(SECRETS);
    for (const name of files) expect(readFileSync(home.file(name))).toEqual(readFileSync(join(BEFORE, name)));
    expect(home.broker('secrets', 'ls').stdout).toBe('');
  });

  it('has its servers put behind broker', () => {
    const ran = home.broker('mcp', 'install', '--all', '--connection', 'prod-db', '--json');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const { results } = JSON.parse(ran.stdout) as { results: { server: string; result: string }[] };
    expect(results.filter(({ result }) => result !== 'wrapped').map(({ server }) => server)).toEqual([
      'with-headers',
      'far',
    ]);
    expect(ran.stdout).not.toMatch(SECRETS);
  });

  it.each(files)('%s reads as it should', (name) => {
    const text = unmarked(readFileSync(home.file(name), 'utf8'));
    expect(text).not.toMatch(SECRETS);
    const golden = join(AFTER, name);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(dirname(golden), { recursive: true });
      writeFileSync(golden, text);
    }
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it.runIf(peer('tomllib'))('reads as TOML to Python too', () => {
    const program =
      'import json,sys,tomllib; print(json.dumps(tomllib.load(open(sys.argv[1],"rb"))["mcp_servers"]))';
    const read = execFileSync('/usr/bin/python3', ['-c', program, home.file('.codex/config.toml')], {
      encoding: 'utf8',
    });
    expect(JSON.parse(read)).toMatchObject({
      dotted: { command: 'broker', args: ['mcp', 'prod-db', '--', 'echo-server'] },
      pg: {
        args: ['mcp', 'prod-db', '--', 'npx', '-y', '@bytebase/dbhub', '--dsn={{prod-db.url}}'],
        startup_timeout_sec: 20,
      },
      'with space': { command: 'broker', args: ['mcp', 'prod-db', '--', 'sh'], env: { A: '1' } },
      far: { command: 'broker', args: ['mcp', 'prod-db', '--url', 'https://far.example.com/mcp'] },
    });
  });

  it('leaves no secret anywhere in the home but the encrypted keychain', () => {
    const names = readdirSync(home.path, { recursive: true, encoding: 'utf8' });
    const texts = names.filter((name) => statSync(home.file(name)).isFile());
    expect(texts.filter((name) => SECRETS.test(readFileSync(home.file(name), 'latin1')))).toEqual([]);
    expect(texts.some((name) => name.endsWith('.backup'))).toBe(true);
  });

  it('changes nothing when it is done twice', () => {
    const before = files.map((name) => readFileSync(home.file(name), 'utf8'));
    const { stdout } = home.broker('mcp', 'install', '--all', '--connection', 'prod-db', '--json');
    expect(stdout).not.toContain('"result":"wrapped"');
    expect(files.map((name) => readFileSync(home.file(name), 'utf8'))).toEqual(before);
  });

  it('is listed', () => {
    const { stdout } = home.broker('mcp', 'ls', '--json');
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { server: string; state: string; reason?: string });
    expect(rows.find(({ server }) => server === 'with-headers')).toMatchObject({ state: 'not-wrapped' });
    expect(rows.find(({ server }) => server === 'filesystem')).toMatchObject({
      state: 'wrapped',
      connection: 'prod-db',
    });
    expect(rows.find(({ server }) => server === 'docs')).toMatchObject({
      state: 'broken',
      reason: 'docs-server is not on PATH',
    });
  });

  it('takes broker’s own tools beside them', () => {
    const hosts = [
      'claude-code',
      'claude-desktop',
      'cline',
      'codex',
      'continue',
      'cursor',
      'gemini',
      'goose',
      'opencode',
      'vscode',
      'windsurf',
      'zed',
    ];
    const ran = home.broker('mcp', 'install', '--connection', 'other-db', '--host', ...hosts);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = home.broker('mcp', 'ls', '--json');
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { server: string; state: string });
    expect(rows.filter(({ server, state }) => server === 'other-db' && state === 'wrapped')).toHaveLength(
      hosts.length,
    );
  });

  it('has everything back to the byte', () => {
    expect(home.broker('mcp', 'uninstall', '--all')).toMatchObject({ status: 0, stderr: '' });
    for (const name of files)
      expect(readFileSync(home.file(name), 'utf8')).toBe(readFileSync(join(BEFORE, name), 'utf8'));
    expect(home.broker('secrets', 'ls').stdout).toBe('');
  });
});

describe('one file', () => {
  let home: Home;
  beforeAll(() => {
    home = openHome();
  });
  afterAll(() => home.close());

  const install = (...more: string[]) => home.broker('mcp', 'install', '--connection', 'prod-db', ...more);

  it('keeps its byte order mark, line ends, mode and the link that leads to it', () => {
    const text = '\ufeff{\r\n  "mcpServers": {\r\n    "a": {\r\n      "command": "cat"\r\n    }\r\n  }\r\n}';
    mkdirSync(home.file('dotfiles'));
    mkdirSync(home.file('.cursor'));
    writeFileSync(home.file('dotfiles/mcp.json'), text);
    chmodSync(home.file('dotfiles/mcp.json'), 0o640);
    symlinkSync('../dotfiles/mcp.json', home.file('.cursor/mcp.json'));
    expect(install('a')).toMatchObject({ status: 0 });
    const written = readFileSync(home.file('dotfiles/mcp.json'), 'utf8');
    expect(written).toBe(text.replace('"cat"', '"broker",\r\n      "args": ["mcp", "prod-db", "--", "cat"]'));
    expect(lstatSync(home.file('.cursor/mcp.json')).isSymbolicLink()).toBe(true);
    expect(statSync(home.file('dotfiles/mcp.json')).mode & 0o777).toBe(0o640);
    expect(home.broker('mcp', 'uninstall', 'a')).toMatchObject({ status: 0 });
    expect(readFileSync(home.file('dotfiles/mcp.json'), 'utf8')).toBe(text);
  });

  it('keeps what others wrote beside the entry', () => {
    const path = home.file('dotfiles/mcp.json');
    const text = '{ "mcpServers": { "a": { "command": "cat", "env": { "A_TOKEN": "tok-12ab34cd56ef" } } } }';
    writeFileSync(path, text);
    install('a');
    // As a host does that writes its whole configuration anew.
    const data = JSON.parse(readFileSync(path, 'utf8')) as { mcpServers: Record<string, unknown> };
    data.mcpServers['b'] = { command: 'true' };
    writeFileSync(path, JSON.stringify(data, undefined, 4));
    expect(home.broker('mcp', 'uninstall', 'a')).toMatchObject({ status: 0 });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      mcpServers: { a: { command: 'cat', env: { A_TOKEN: 'tok-12ab34cd56ef' } }, b: { command: 'true' } },
    });
  });

  it('is not touched again without --yes when somebody edited the entry', () => {
    const path = home.file('dotfiles/mcp.json');
    writeFileSync(path, '{ "mcpServers": { "a": { "command": "cat" } } }');
    install('a');
    const edited = readFileSync(path, 'utf8').replace('"cat"', '"tac"');
    writeFileSync(path, edited);
    expect(home.broker('mcp', 'ls', '--json').stdout).toContain('"state":"drifted"');
    for (const verb of [['install', '--connection', 'prod-db'], ['uninstall']])
      expect(home.broker('mcp', ...verb, 'a', '--json')).toMatchObject({
        status: 3,
        stderr: expect.stringContaining('host-entry-drifted'),
      });
    expect(readFileSync(path, 'utf8')).toBe(edited);
    expect(home.broker('mcp', 'uninstall', 'a', '--yes')).toMatchObject({ status: 0 });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      mcpServers: { a: { command: 'tac', args: [] } },
    });
  });

  it.each([
    ['{ "mcpServers": {\n  "a": { "command": "cat" "args": [] } } }', 2],
    ['{ "mcpServers": {\n  "a": { "command": "cat" },\n  "a": { "command": "tac" } } }', 3],
    ['{ "mcpServers": { "a": { "command": "cat" } }\n', 2],
  ])('is refused with its line when it cannot be read: %j', (text, line) => {
    const path = home.file('dotfiles/mcp.json');
    writeFileSync(path, text);
    const ran = install('a', '--json');
    expect(ran.status).toBe(9);
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'host-file-invalid', details: { line } } });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('appears and goes again when broker’s own tools are all there is', () => {
    const path = home.file('.codex/config.toml');
    expect(install('--host', 'codex')).toMatchObject({ status: 0 });
    expect(readFileSync(path, 'utf8')).toBe(
      '[mcp_servers.prod-db]\ncommand = "broker"\nargs = ["mcp", "prod-db"]\n',
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(home.broker('mcp', 'uninstall', 'prod-db')).toMatchObject({ status: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it('is not written by broker for a connection, a host or a server that is not there', () => {
    renameSync(home.file('.cursor/mcp.json'), home.file('gone.json'));
    expect(install('nobody')).toMatchObject({ status: 2 });
    expect(install('--host', 'emacs')).toMatchObject({ status: 2 });
    expect(install()).toMatchObject({ status: 2 });
    expect(home.broker('mcp', 'install', '--host', 'codex', '--connection', 'no-db')).toMatchObject({
      status: 2,
    });
    expect(existsSync(home.file('.codex/config.toml'))).toBe(false);
  });
});
