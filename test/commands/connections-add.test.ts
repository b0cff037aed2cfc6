import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withConnection } from '../../src/commands/setup/connection.ts';

const target = { type: 'postgres', host: 'db.example' };
const added = '  prod:\n    type: postgres\n    host: db.example\n';

describe('adding a connection to a file', () => {
  it('adds the block where there was none', () => {
    expect(withConnection('version: 1', 'prod', target)).toBe(`version: 1\n\nconnections:\n${added}`);
    expect(withConnection('', 'prod', target)).toBe(`\nconnections:\n${added}`);
  });

  it('replaces empty braces and an empty value, and keeps what follows', () => {
    for (const empty of ['connections: {}', 'connections:', 'connections: ~'])
      expect(withConnection(`# top\n${empty}\n# after\nkeychain: file\n`, 'prod', target)).toBe(
        `# top\nconnections:\n${added}# after\nkeychain: file\n`,
      );
    expect(withConnection('connections: {} # none yet\n', 'prod', target)).toContain('# none yet');
  });

  it('keeps every byte of the others, their comments and their odd spacing', () => {
    const before = [
      'policy: ["a.cedar",   "b.cedar"]',
      'connections:',
      '    dev:   # mine',
      "      host:   'x'",
      '      tls: {mode:   disable} # loopback',
      '',
      '# the end',
      'keychain: file',
      '',
    ].join('\n');
    const after = withConnection(before, 'prod', target);
    for (const line of before.split('\n')) expect(after.split('\n')).toContain(line);
    expect(parse(after)).toEqual({
      policy: ['a.cedar', 'b.cedar'],
      connections: { dev: { host: 'x', tls: { mode: 'disable' } }, prod: target },
      keychain: 'file',
    });
    expect(after.length).toBe(before.length + added.length + 3 * 2);
  });

  it('adds to connections written in braces as well', () => {
    const after = withConnection('connections: { dev: { host: x } } # c\n', 'prod', target);
    expect(parse(after)).toEqual({ connections: { dev: { host: 'x' }, prod: target } });
    expect(after).toContain('# c');
  });
});
