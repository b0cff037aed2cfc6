// docs/mcp.md, tried as written: the entry of each host, the command, what becomes of it, and back.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../../../src/front/hosts/index.ts';
import { type Home, openHome } from './home.ts';

interface Section {
  readonly title: string;
  readonly file: string;
  readonly before: string;
  readonly command: readonly string[];
  readonly after: string;
}

const text = readFileSync(new URL('../../../docs/mcp.md', import.meta.url), 'utf8');

const sections: readonly Section[] = text
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [title = ''] = section.split('\n');
    const [, file = ''] = /^`~\/(.+)`$/m.exec(section) ?? [];
    const [before = '', command = '', after = ''] = [...section.matchAll(/^```\w+\n(.*?)^```$/gms)].map(
      ([, block = '']) => block,
    );
    return { title, file, before, command: command.trim().split(' ').slice(1), after };
  });

describe('docs/mcp.md', () => {
  let home: Home;
  beforeAll(() => {
    home = openHome();
  });
  afterAll(() => home.close());

  it('has a section for every host', () => {
    expect(sections.map(({ title }) => title).sort()).toEqual(HOSTS.map(({ title }) => title).sort());
  });

  it.each(sections)('$title', ({ file, before, command, after }) => {
    const path = home.file(file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, before);
    const dry = home.broker(...command, '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout).not.toContain('correct-horse');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(home.broker(...command)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(path, 'utf8')).toBe(after);
    expect(home.broker('mcp', 'ls').stdout).toMatch(/postgres +wrapped +prod-db/);
    const host = command[command.indexOf('--host') + 1] ?? '';
    expect(home.broker('mcp', 'uninstall', 'postgres', '--host', host)).toMatchObject({ status: 0 });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
