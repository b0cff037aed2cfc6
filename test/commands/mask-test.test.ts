// broker mask test as a person meets it: a file or standard input, as text or JSON, and what wrong words get.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maskTest } from '../../src/commands/mask-test.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runCommand } from '../fakes/command.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'broker-mask-'));
  writeFileSync(
    join(folder, 'a.csv'),
    'id,card\n1,4111111111111111\n2,\x1b[31m ada@example.com\n192.0.2.17\n',
  );
  writeFileSync(join(folder, 'empty'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], options: Record<string, string> = {}, json = false) =>
  runCommand(maskTest, {
    home: folder,
    cwd: folder,
    environment: {},
    clock: systemClock,
    args,
    options,
    json,
  });

describe('broker mask test', () => {
  it('says where, what, and how it would look, and acts on nothing in the text', async () => {
    const { code, stdout } = await run(['a.csv']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '      2:3  payment-card       1,[payment-card]\n',
        '      3:9  email              2,\\e[31m [email]\n',
        '2 values would be masked in 4 lines: payment-card 1, email 1\n',
      ].join(''),
    );
  });

  it('shows the strategy asked for, and types that are off by default', async () => {
    const { stdout } = await run(['a.csv'], { strategy: 'partial', type: 'payment-card, ip-address' });
    expect(stdout).toContain('1,************1111\n');
    expect(stdout).toContain('192.0.*.*\n');
    expect(stdout).not.toContain('email');
  });

  it('gives the same as JSON, without any raw value', async () => {
    const { stdout } = await run(['a.csv'], {}, true);
    expect(JSON.parse(stdout)).toMatchObject({
      found: [
        { type: 'payment-card', line: 2, column: 3, length: 16, masked: '[payment-card]' },
        { type: 'email', line: 3, column: 9 },
      ],
      types: { 'payment-card': 1, email: 1 },
      lines: 4,
    });
    expect(stdout).not.toMatch(/4111|ada@|\x1b/);
  });

  it('finds nothing in an empty file, which is not a failure', async () => {
    expect(await run(['empty'])).toEqual({
      code: 0,
      stdout: 'nothing would be masked in 0 lines\n',
      stderr: '',
    });
  });

  it.each([
    [['no-such-file'], {}],
    [['.'], {}],
    [['a.csv'], { type: 'no-such-type' }],
  ])('refuses %j with %j', async (args, options) => {
    await expect(run(args, options)).rejects.toMatchObject({ code: 'usage', row: { exit: 2 } });
  });
});
