// YAML as a tree with places. What has an anchor, a tag or an alias is shown as something not to be edited.
import {
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { DEEPEST, SyntaxFault } from './syntax.ts';
import { leadAt, lineAt, type Member, type Node } from './tree.ts';

/** What the lexer says that does not stand in the text: byte order mark, end, start and kind of a document or scalar. */
const CONTROL = /^[\u0002\u0018\u001f]$/;

const spaces = (count: number) => ' '.repeat(count);

class Reader {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  node(parsed: unknown, after: number): Node {
    const [start = after, end = after] = (parsed as { range?: readonly number[] } | null)?.range ?? [];
    const { anchor, tag } = (parsed ?? {}) as { anchor?: string; tag?: string };
    if (anchor === undefined && tag === undefined) {
      if (isMap(parsed)) return this.#map(parsed, start, end);
      if (isSeq(parsed)) return this.#list(parsed, start, end);
      if (isScalar(parsed) && typeof parsed.value === 'string')
        return { kind: 'text', start, end: this.#withoutLineEnd(start, end), value: parsed.value };
    }
    return { kind: 'other', start, end, value: isScalar(parsed) ? parsed.value : undefined };
  }

  /** A block scalar includes the line's end, which parts it from the next member. */
  #withoutLineEnd(start: number, end: number): number {
    return start + this.#text.slice(start, end).trimEnd().length;
  }

  #map(map: YAMLMap, start: number, stop: number): Node {
    const block = map.flow !== true;
    const members = map.items.map((pair) => this.#member(pair, block));
    // A block ends with its last value: what the parser says includes the blank lines behind it.
    const end = block ? (members.at(-1)?.end ?? stop) : stop;
    return { kind: 'map', start, end, members, block };
  }

  #member({ key, value }: Pair, block: boolean): Member {
    const [start = 0, keyEnd = start] = (key as { range?: readonly number[] }).range ?? [];
    const node = this.node(value, this.#text.indexOf(':', keyEnd) + 1);
    const { lead, alone } = leadAt(this.#text, start);
    const column = start - (this.#text.lastIndexOf('\n', start - 1) + 1);
    return {
      key: String(isScalar(key) ? key.value : key),
      start,
      end: node.end,
      value: node,
      lead: block ? spaces(column) : lead,
      alone: block || alone,
    };
  }

  #list(list: YAMLSeq, start: number, stop: number): Node {
    const block = list.flow !== true;
    const items = list.items.map((item) => this.node(item, start));
    const marks = items.map((item) => (block ? this.#text.lastIndexOf('-', item.start - 1) : item.start));
    return { kind: 'list', start, end: block ? (items.at(-1)?.end ?? stop) : stop, items, marks, block };
  }
}

/** The parser descends with the text: how far, at most, is known before. Throws SyntaxFault. */
function bounded(text: string): void {
  // Columns of the lines around this one, dashes and question marks of this line, brackets.
  const columns: number[] = [];
  let marks = 0;
  let brackets = 0;
  let offset = 0;
  let begins = true;
  for (const token of new Lexer().lex(text)) {
    if (begins) {
      const column = /^ *$/.test(token) ? token.length : 0;
      while ((columns.at(-1) ?? -1) >= column) columns.pop();
      columns.push(column);
      marks = 0;
    }
    begins = token.endsWith('\n');
    if (token === '-' || token === '?') marks += 1;
    if (token === '[' || token === '{') brackets += 1;
    if (token === ']' || token === '}') brackets -= 1;
    if (columns.length + marks + brackets > DEEPEST)
      throw new SyntaxFault(lineAt(text, offset), 'it is nested too deeply');
    offset += CONTROL.test(token) ? 0 : token.length;
  }
}

/** Throws SyntaxFault. */
export function readYaml(text: string): Node {
  bounded(text);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new SyntaxFault(lineCounter.linePos(error.pos[0]).line, error.message.toLowerCase());
  if (!isMap(document.contents)) throw new SyntaxFault(1, 'it is not a map of settings');
  return new Reader(text).node(document.contents, 0);
}
