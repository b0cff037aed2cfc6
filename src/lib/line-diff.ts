// What changed between two texts, line by line, as a unified diff without a heading. Pure; must never leave a changed line out.

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
  /** Line numbers in both texts, from 1: of this line, or of the one that comes next. */
  readonly old: number;
  readonly new: number;
}

/** Cells of the table of common lines; beyond it, everything between what is alike at both ends counts as changed. */
const MOST = 4_000_000;

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines[lines.length - 1] += '\n\\ no line feed at the end';
  return lines;
}

/** Lengths of the longest common subsequence of what follows each pair of lines. */
function table(a: readonly string[], b: readonly string[]): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = a.length - 1; row >= 0; row--)
    for (let column = b.length - 1; column >= 0; column--)
      lengths[row * width + column] =
        a[row] === b[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  return lengths;
}

function compare(a: readonly string[], b: readonly string[], from: number): Line[] {
  const found: Line[] = [];
  const whole = a.length * b.length > MOST;
  const lengths = whole ? undefined : table(a, b);
  const width = b.length + 1;
  let [row, column] = [0, 0];
  const add = (mark: Line['mark'], text = '') =>
    found.push({ mark, text, old: from + row + 1, new: from + column + 1 });
  while (row < a.length || column < b.length) {
    const down = lengths?.[(row + 1) * width + column] ?? 0;
    const right = lengths?.[row * width + column + 1] ?? 0;
    if (!whole && row < a.length && column < b.length && a[row] === b[column]) {
      add(' ', a[row]);
      row += 1;
      column += 1;
    } else if (row < a.length && (column === b.length || whole || down >= right)) {
      add('-', a[row]);
      row += 1;
    } else {
      add('+', b[column]);
      column += 1;
    }
  }
  return found;
}

function diffLines(before: string, after: string): Line[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const same = (text: string, old: number, now: number): Line => ({
    mark: ' ',
    text,
    old: old + 1,
    new: now + 1,
  });
  return [
    ...a.slice(0, start).map((text, at) => same(text, at, at)),
    ...compare(a.slice(start, a.length - end), b.slice(start, b.length - end), start),
    ...a.slice(a.length - end).map((text, at) => same(text, a.length - end + at, b.length - end + at)),
  ];
}

/** Hunks with `context` lines around each change; empty when nothing changed. */
export function lineDiff(before: string, after: string, context = 3): string[] {
  const lines = diffLines(before, after);
  const near = lines.map(() => false);
  lines.forEach(({ mark }, at) => {
    if (mark === ' ') return;
    for (let each = Math.max(0, at - context); each <= Math.min(lines.length - 1, at + context); each++)
      near[each] = true;
  });
  const out: string[] = [];
  lines.forEach((line, at) => {
    if (!near[at]) return;
    if (!near[at - 1]) {
      const end = near.indexOf(false, at);
      const hunk = lines.slice(at, end < 0 ? undefined : end);
      const count = (other: '-' | '+') => hunk.filter(({ mark }) => mark !== other).length;
      const [old, now] = [count('+'), count('-')];
      // Where one side has no line, it is named by the line before.
      out.push(
        `@@ -${old === 0 ? line.old - 1 : line.old},${old} +${now === 0 ? line.new - 1 : line.new},${now} @@`,
      );
    }
    out.push(...line.text.split('\n').map((text, part) => (part === 0 ? line.mark + text : text)));
  });
  return out;
}
