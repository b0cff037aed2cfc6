// What is done to several hosts, or said elsewhere in a file: never left untold.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Home, openHome } from './home.ts';

const TEXT = '{ "mcpServers": { "a": { "command": "cat" } } }\n';

function put(home: Home, file: string, text: string): void {
  mkdirSync(dirname(home.file(file)), { recursive: true });
  writeFileSync(home.file(file), text);
}

describe('an install in several hosts of which one cannot be written', () => {
  let home: Home;
  beforeAll(() => {
    home = openHome();
    put(home, '.cursor/mcp.json', TEXT);
    // The name leaves no room for that of the draft beside it.
    put(home, `.gemini/${'s'.repeat(245)}`, TEXT);
    symlinkSync('s'.repeat(245), home.file('.gemini/settings.json'));
  });
  afterAll(() => home.close());

  it('says which hosts are done, how that is taken back, and does the rest when it is made again', () => {
    const { status, stderr } = home.broker('mcp', 'install', 'a', '--connection', 'prod-db');
    expect(status).not.toBe(0);
    expect(stderr).toContain('.gemini/settings.json cannot be written');
    const [, command = ''] =
      /\.cursor\/mcp\.json: taken back by `broker (mcp uninstall a --host cursor --scope user)`/.exec(
        stderr,
      ) ?? [];
    expect(stderr).toContain('then the same command does the rest');
    expect(readFileSync(home.file('.cursor/mcp.json'), 'utf8')).toContain('"broker"');
    expect(readFileSync(home.file('.gemini/settings.json'), 'utf8')).toBe(TEXT);
    expect(home.broker(...command.split(' ')).status).toBe(0);
    expect(readFileSync(home.file('.cursor/mcp.json'), 'utf8')).toBe(TEXT);
  });
});

const BORROWED: Readonly<Record<string, readonly [file: string, text: string, server: string]>> = {
  'a server by an alias (Goose)': [
    '.config/goose/config.yaml',
    'base: &b {type: stdio, cmd: cat, args: []}\nextensions:\n  far: *b\n',
    'far',
  ],
  'a command by a merge key (Goose)': [
    '.config/goose/config.yaml',
    'base: &b {type: stdio, cmd: cat}\nextensions:\n  far:\n    <<: *b\n    enabled: true\n',
    'far',
  ],
  'an environment with secrets by a merge key (Goose)': [
    '.config/goose/config.yaml',
    'base: &b {TOKEN: tok-zyxw9876vuts5432}\nextensions:\n  far:\n    cmd: cat\n    args: []\n    envs:\n      <<: *b\n',
    'far',
  ],
  'an environment by an alias (Continue)': [
    '.continue/config.yaml',
    'base: &b {TOKEN: tok-zyxw9876vuts5432}\nmcpServers:\n  - name: far\n    command: cat\n    env: *b\n',
    'far',
  ],
  'a server without a name of its own (Continue)': [
    '.continue/config.yaml',
    'base: &b {name: far, command: cat}\nmcpServers:\n  - <<: *b\n',
    'server 1',
  ],
  'all servers by a merge key (Goose)': [
    '.config/goose/config.yaml',
    'base: &b {far: {cmd: cat, args: []}}\nextensions:\n  <<: *b\n',
    'a server',
  ],
  'all servers by an alias (Continue)': [
    '.continue/config.yaml',
    'base: &b [{name: far, command: cat}]\nmcpServers: *b\n',
    'a server',
  ],
};

describe('what a YAML file says elsewhere is told, and not put behind broker as if it were all there is', () => {
  it.each(Object.entries(BORROWED))('%s', (_, [file, text, server]) => {
    const home = openHome();
    try {
      put(home, file, text);
      const { stdout } = home.broker('mcp', 'ls', '--json');
      expect(stdout).toContain(JSON.stringify(server));
      expect(stdout).toContain('elsewhere in the file');
      const installed = home.broker('mcp', 'install', '--all', '--connection', 'prod-db');
      expect(installed.stdout + installed.stderr).toContain('elsewhere in the file');
      expect(readFileSync(home.file(file), 'utf8')).toBe(text);
    } finally {
      home.close();
    }
  });
});
