import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lineDiff } from '../../src/lib/line-diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'line-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Git applies it: then it says what changed. */
function applied(before: string, diff: readonly string[]): string {
  const text = diff.map((line) => (line.startsWith('\\ ') ? '\\ No newline at end of file' : line));
  writeFileSync(join(folder, 'text'), before);
  writeFileSync(join(folder, 'patch'), `--- a/text\n+++ b/text\n${text.join('\n')}\n`);
  execFileSync('git', ['apply', '--unidiff-zero', 'patch'], { cwd: folder });
  return execFileSync('cat', ['text'], { cwd: folder, encoding: 'utf8' });
}

describe('what changed between two texts', () => {
  it.each([
    ['a\nb\nc\n', 'a\nx\nc\n'],
    ['a\n', 'a\nb\n'],
    ['a\nb\n', 'b\n'],
    ['a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n', 'a\nB\nc\nd\ne\nf\ng\nh\ni\nJ\nk\n'],
    ['a\nb', 'a\nb\n'],
    ['same\nsame\nsame\n', 'same\nother\nsame\nsame\n'],
  ])('is what git needs to make one of the other: %j → %j', (before, after) => {
    expect(applied(before, lineDiff(before, after))).toBe(after);
  });

  it('is nothing where nothing changed, and everything for a new file', () => {
    expect(lineDiff('a\nb\n', 'a\nb\n')).toEqual([]);
    expect(lineDiff('', 'a\nb\n').slice(1)).toEqual(['+a', '+b']);
  });

  it('leaves no line out where texts are too long to compare', () => {
    const [one, other] = ['a', 'b'].map((letter) =>
      Array.from({ length: 2_100 }, (_, at) => `${letter}${at}\n`).join(''),
    ) as [string, string];
    const diff = lineDiff(one, other);
    expect(diff.filter((line) => line.startsWith('-a'))).toHaveLength(2_100);
    expect(diff.filter((line) => line.startsWith('+b'))).toHaveLength(2_100);
  });
});
