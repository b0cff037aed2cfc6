// broker.yaml with more protected columns, and the difference as a patch. What is not added stays byte for byte.
import { isMap, isNode, isScalar, parseDocument, stringify } from 'yaml';

const line = (column: string, dataType: string, indent: number): string =>
  stringify({ [column]: dataType }, { lineWidth: 0 }).replace(/^(?=.)/gm, ' '.repeat(indent));

const columnOf = (text: string, at: number): number => at - (text.lastIndexOf('\n', at - 1) + 1);

/** End of the line in which a block ends. */
function endOfLine(text: string, end: number): number {
  if (text[end - 1] === '\n') return end;
  const feed = text.indexOf('\n', end);
  return feed < 0 ? text.length : feed + 1;
}

/** The file with these columns tagged; undefined when it does not have the connection. */
export function withColumns(
  before: string,
  connection: string,
  columns: ReadonlyMap<string, string>,
): string | undefined {
  const text = before.endsWith('\n') ? before : `${before}\n`;
  const document = parseDocument(text);
  const own = document.getIn(['connections', connection], true);
  if (!isMap(own)) return undefined;
  const tagged = own.get('columns', true);
  const list = [...columns].sort(([a], [b]) => (a < b ? -1 : 1));
  if (isMap(tagged) && !tagged.flow && tagged.items.length > 0) {
    const [first] = tagged.items;
    const last = tagged.items.at(-1)?.value;
    if (isScalar(first?.key) && first.key.range && isNode(last) && last.range) {
      const indent = columnOf(text, first.key.range[0]);
      const at = endOfLine(text, last.range[1]);
      return (
        text.slice(0, at) + list.map(([name, type]) => line(name, type, indent)).join('') + text.slice(at)
      );
    }
  }
  const [head] = own.items;
  const tail = own.items.at(-1)?.value;
  if (!tagged && !own.flow && isScalar(head?.key) && head.key.range && isNode(tail) && tail.range) {
    const indent = columnOf(text, head.key.range[0]);
    const at = endOfLine(text, tail.range[1]);
    const block = `${' '.repeat(indent)}columns:\n${list.map(([name, type]) => line(name, type, indent + 2)).join('')}`;
    return text.slice(0, at) + block + text.slice(at);
  }
  for (const [name, type] of list) document.setIn(['connections', connection, 'columns', name], type);
  return document.toString({ lineWidth: 0 });
}

const AROUND = 3;

/** A unified diff of one hunk; empty when nothing differs. */
export function patch(file: string, before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  let from = 0;
  while (from < old.length && from < now.length && old[from] === now[from]) from += 1;
  if (from === old.length && from === now.length) return '';
  let back = 0;
  while (back < old.length - from && back < now.length - from && old.at(-1 - back) === now.at(-1 - back))
    back += 1;
  const start = Math.max(0, from - AROUND);
  const [oldEnd, nowEnd] = [old.length - back, now.length - back];
  const after3 = old
    .slice(oldEnd, oldEnd + AROUND)
    .filter((text, index) => text !== '' || oldEnd + index < old.length - 1);
  const lead = old.slice(start, from);
  const body = [
    ...lead.map((text) => ` ${text}`),
    ...old.slice(from, oldEnd).map((text) => `-${text}`),
    ...now.slice(from, nowEnd).map((text) => `+${text}`),
    ...after3.map((text) => ` ${text}`),
  ];
  const sizes = [oldEnd - from, nowEnd - from].map((size) => size + lead.length + after3.length);
  return [
    `--- a/${file}`,
    `+++ b/${file}`,
    `@@ -${start + 1},${sizes[0]} +${start + 1},${sizes[1]} @@`,
    ...body,
    '',
  ].join('\n');
}
