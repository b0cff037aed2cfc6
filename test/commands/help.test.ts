// What people read first. The golden files change only with UPDATE_GOLDEN=1, and are read as prose when they do.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.ts';
import { PARENTS, parseArguments } from '../../src/commands/program.ts';

const GOLDEN = new URL('../golden/help', import.meta.url).pathname;

async function help(words: readonly string[]): Promise<string> {
  let text = '';
  const writers = {
    out: (piece: string) => {
      text += piece;
    },
    err: () => undefined,
  };
  const parsed = await parseArguments([...words, '--help'], COMMANDS, '0.0.0', writers);
  expect(parsed.kind).toBe('printed');
  return text;
}

const visibleCommands = COMMANDS.filter(({ hidden }) => !hidden).map(({ name }) => name);
const parents = [
  ...new Set(visibleCommands.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? '')),
];
const all = [...new Set(['', ...parents, ...visibleCommands])];
const fileOf = (name: string) => `${['broker', ...name.split(' ')].filter(Boolean).join('-')}.txt`;

describe('help', () => {
  it.each(all)('of "broker %s" reads as it did', async (name) => {
    const text = await help(name.split(' ').filter(Boolean));
    const path = join(GOLDEN, fileOf(name));
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, text);
    }
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('has no golden file of a command that is gone', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(all.map(fileOf).sort());
  });

  it('describes every word that holds other verbs', () => {
    expect(parents.filter((word) => !PARENTS[word])).toEqual([]);
  });
});

describe('the command table', () => {
  it('is sorted by name, so that a new row has one place', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(names).toEqual([...names].sort((a, b) => (a.replace(' ', '-') < b.replace(' ', '-') ? -1 : 1)));
  });

  it.each(COMMANDS.filter(({ hidden }) => !hidden).map((command) => [command.name, command] as const))(
    '%s has an example that starts with broker or pipes into it, and a summary in lower case without a full stop',
    (_, { examples, summary }) => {
      expect(examples.length).toBeGreaterThan(0);
      for (const { command } of examples) expect(command).toMatch(/\bbroker /);
      expect(summary).toMatch(/^[a-z].*[^.]$/);
    },
  );

  it('gives no option a meaning that all commands share already', () => {
    for (const { options } of COMMANDS)
      for (const { flags } of options)
        expect(flags).not.toMatch(/--(json|no-input|input|config|help|version(?! <))\b/);
  });
});

describe('mistyped words', () => {
  const writers = { out: () => undefined, err: () => undefined };
  const typed = (...argv: string[]) => parseArguments(argv, COMMANDS, '0.0.0', writers);

  it.each([
    [['conect', 'prod-db'], 'did you mean `broker connect`?'],
    [['sessions', 'lss'], 'did you mean `broker sessions ls`?'],
    [['zzzzzz'], 'see `broker --help`'],
    [['sessions', 'zzzzzz'], 'see `broker sessions --help`'],
    [['connect'], 'see `broker connect --help`'],
    [['query', 'prod-db', 'select 1', '--cvs'], 'did you mean `--csv`?'],
    [['query', 'prod-db', 'select 1', '--jsno'], 'did you mean `--json`?'],
    [['query', 'prod-db', 'select 1', '--xyzzy'], 'see `broker query --help`'],
    [['completion', 'tcsh'], 'see `broker completion --help`'],
  ])('%j are wrong usage with the hint "%s"', async (argv, hint) => {
    await expect(typed(...argv)).rejects.toMatchObject({ code: 'usage', hint });
  });

  it('leaves what follows -- to the client', async () => {
    const parsed = await typed('connect', 'prod-db', '--', '--json', '-c', 'select 1');
    expect(parsed).toMatchObject({
      kind: 'run',
      invocation: { args: ['prod-db', '--json', '-c', 'select 1'], options: {} },
    });
  });
});
