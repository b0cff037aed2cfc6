// The reader of session texts itself: a comparison that cannot fail would hold nothing.
import { describe, expect, it } from 'vitest';
import { matches, readTranscript, writeTranscript } from './transcript.ts';

const TEXT = `# Prose.

$ first
a
b
[3]

$ second \\
> line

# More prose.

$ third
`;

describe('a session as text', () => {
  it('is commands, what they print, and how they end', () => {
    expect(readTranscript(TEXT)).toEqual([
      { prose: '# Prose.\n', command: 'first', output: ['a', 'b'], code: 3 },
      { prose: '', command: 'second \\\nline', output: [], code: 0 },
      { prose: '\n# More prose.\n', command: 'third', output: [], code: 0 },
    ]);
  });

  it('is written back as it was read', () => {
    expect(writeTranscript(readTranscript(TEXT))).toBe(TEXT);
  });

  it('refuses output without a command', () => {
    expect(() => readTranscript('stray\n$ x\n')).toThrow('line 1');
  });

  it.each([
    [['a'], ['a'], true],
    [['a'], ['b'], false],
    [['a'], ['a', 'b'], false],
    [['a', 'b'], ['a'], false],
    [['x [..] z'], ['x anything at all z'], true],
    [['x [..] z'], ['x y'], false],
    [['(a.c) [..]'], ['(abc) d'], false],
    [['...', 'z'], ['a', 'b', 'z'], true],
    [['...', 'z'], ['a', 'b'], false],
    [['a', '...'], ['a'], true],
    [[], ['a'], false],
  ])('%j against %j is %s', (expected, actual, answer) => {
    expect(matches(expected, actual)).toBe(answer);
  });
});
