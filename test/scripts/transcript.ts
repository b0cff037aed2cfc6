// A CLI session as text: prose, `$ command`, what it printed, `[exit code]`. Reads it, compares it, writes it back. Pure.

export interface Step {
  /** Everything before the command: prose for whoever reads, kept as it is. */
  readonly prose: string;
  /** The command, without prompts; several lines when it was continued with `> `. */
  readonly command: string;
  readonly output: readonly string[];
  readonly code: number;
}

const isProse = (line: string) => line === '' || line.startsWith('#');

/** Output ends at the next prompt; blank lines and `#` lines before that prompt are its prose. */
export function readTranscript(text: string): readonly Step[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const steps: Step[] = [];
  let at = 0;
  const prose = () => {
    const from = at;
    while (at < lines.length && isProse(lines[at] ?? '')) at++;
    return lines.slice(from, at).join('\n');
  };
  for (let before = prose(); at < lines.length; before = prose()) {
    const first = lines[at++] ?? '';
    if (!first.startsWith('$ ')) throw new Error(`line ${at} should be a command: ${first}`);
    const command = [first.slice(2)];
    while (lines[at]?.startsWith('> ')) command.push((lines[at++] ?? '').slice(2));
    const output: string[] = [];
    while (at < lines.length && !lines[at]?.startsWith('$ ')) output.push(lines[at++] ?? '');
    while (output.length > 0 && isProse(output.at(-1) ?? '')) {
      output.pop();
      at--;
    }
    const code = /^\[(\d+)\]$/.exec(output.at(-1) ?? '')?.[1];
    if (code !== undefined) output.pop();
    steps.push({ prose: before, command: command.join('\n'), output, code: Number(code ?? 0) });
  }
  return steps;
}

export function writeTranscript(steps: readonly Step[]): string {
  const shown = steps.map(({ prose, command, output, code }, index) =>
    [
      ...(index === 0 && prose === '' ? [] : [prose]),
      ...command.split('\n').map((line, index) => `${index === 0 ? '$' : '>'} ${line}`),
      ...output,
      ...(code === 0 ? [] : [`[${code}]`]),
    ].join('\n'),
  );
  return `${shown.join('\n')}\n`;
}

function lineMatches(expected: string, actual: string): boolean {
  if (!expected.includes('[..]')) return expected === actual;
  const pattern = expected
    .split('[..]')
    .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`, 'u').test(actual);
}

/** `[..]` stands for any text within a line, a line of `...` for any lines. */
export function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const [head, ...rest] = expected;
  if (head === undefined) return actual.length === 0;
  if (head === '...') {
    for (let skipped = 0; skipped <= actual.length; skipped++)
      if (matches(rest, actual.slice(skipped))) return true;
    return false;
  }
  const [line, ...more] = actual;
  return line !== undefined && lineMatches(head, line) && matches(rest, more);
}
