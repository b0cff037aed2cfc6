// Files made from tables: never stale, and fit for the programs that read them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generated } from '../../src/commands/render/index.ts';
import { peer } from '../peers/peer.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const files = generated(version);

describe('generated files', () => {
  it.each([...files])('%s is what the tables say', (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
  });

  it('leaves no page or script of a command that is gone', () => {
    const found = ['man', 'completions'].flatMap((folder) =>
      readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
    );
    expect(found.filter((path) => !files.has(path))).toEqual([]);
  });
});

describe.runIf(peer('man'))('man pages', () => {
  it.each([...files.keys()].filter((path) => path.startsWith('man/')))(
    '%s is formatted without a warning',
    (path) => {
      const page = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', path], {
        cwd: ROOT,
        encoding: 'utf8',
        env: { ...process.env, MANWIDTH: '80', MAN_KEEP_FORMATTING: '' },
      });
      expect(page).toMatchObject({ status: 0, stderr: '' });
      expect(page.stdout).toContain('NAME');
      expect(page.stdout).not.toMatch(/\\[ef(&[]/);
    },
  );
});

/** Half-typed line → what every shell offers for it. */
const OFFERS: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['broker conn', ['connect', 'connections']],
  ['broker sessions s', ['show']],
  ['broker connect prod', ['prod-db', 'prod-reports']],
  ['broker connections show d', ['dev-db']],
  ['broker export --format j', ['jsonl']],
  ['broker export --connection prod-d', ['prod-db']],
  ['broker completion z', ['zsh']],
  ['broker verify --no', ['--no-input']],
  ['broker connect prod-db --re', ['--reason']],
  ['broker comp', ['completion']],
  ['broker mcp in', ['install']],
  ['broker mcp prod-d', ['prod-db']],
  ['broker mcp prod-db --ur', ['--url']],
  ['broker mcp install --dry', ['--dry-run']],
];

let folder: string;
let environment: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  // What `broker complete` prints is another test's matter; here the shells' side is asked.
  writeFileSync(
    join(folder, 'broker'),
    '#!/bin/sh\n[ "$1 $2" = "complete connections" ] && printf "prod-db\\nprod-reports\\ndev-db\\n"\n',
    { mode: 0o755 },
  );
  environment = {
    PATH: `${folder}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: folder,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asked(program: string, ...args: string[]): readonly string[] {
  return execFileSync(program, args, { encoding: 'utf8', env: environment }).trim().split('\n');
}

describe('bash completion', () => {
  it.each(OFFERS)('offers for "%s" %j', (line, words) => {
    const typed = line.split(' ');
    const quoted = typed.map((word) => `'${word}'`).join(' ');
    const script = join(ROOT, 'completions', 'broker.bash');
    const program = `source '${script}'; COMP_WORDS=(${quoted}); COMP_CWORD=${typed.length - 1}; COMP_LINE='${line}'; _broker; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(asked('bash', '--norc', '-c', program)).toEqual(words);
  });
});

describe.runIf(peer('zsh'))('zsh completion', () => {
  it.each(OFFERS)('offers for "%s" %j', (line, words) => {
    const script = join(ROOT, 'test', 'commands', 'offered.zsh');
    expect(asked('zsh', '-f', script, join(ROOT, 'completions'), line)).toEqual(words);
  });
});

describe.runIf(peer('fish'))('fish completion', () => {
  it.each(OFFERS)('offers for "%s" %j', (line, words) => {
    const program = `source '${join(ROOT, 'completions', 'broker.fish')}'; complete -C '${line}'`;
    const offered = asked('fish', '--no-config', '-c', program).map((row) => row.split('\t')[0]);
    expect(offered).toEqual(words);
  });
});
