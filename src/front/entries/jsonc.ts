// JSON with comments and trailing commas as a tree with places. Must never guess past an error.
import { type Node as Parsed, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { SyntaxFault } from './syntax.ts';
import { leadAt, lineAt, type Member, type Node } from './tree.ts';

/** Deeper files are not configurations. */
const DEEPEST = 100;

/** `InvalidSymbol` → `invalid symbol`. */
function worded(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

class Reader {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  node(parsed: Parsed, depth: number): Node {
    const { offset: start, length, children = [] } = parsed;
    if (depth > DEEPEST) throw new SyntaxFault(lineAt(this.#text, start), 'it is nested too deeply');
    const end = start + length;
    if (parsed.type === 'object')
      return {
        kind: 'map',
        start,
        end,
        block: false,
        members: children.map((each) => this.#member(each, depth)),
      };
    if (parsed.type === 'array') {
      const items = children.map((each) => this.node(each, depth + 1));
      return { kind: 'list', start, end, block: false, items, marks: items.map((item) => item.start) };
    }
    if (parsed.type === 'string') return { kind: 'text', start, end, value: String(parsed.value) };
    return { kind: 'other', start, end, value: parsed.value };
  }

  #member({ offset, children = [] }: Parsed, depth: number): Member {
    const [key, value] = children;
    if (!key || !value) throw new SyntaxFault(lineAt(this.#text, offset), 'a value is missing');
    const node = this.node(value, depth + 1);
    return {
      key: String(key.value),
      start: offset,
      end: node.end,
      value: node,
      ...leadAt(this.#text, offset),
    };
  }
}

/** Throws SyntaxFault. */
export function readJsonc(text: string): Node {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first) throw new SyntaxFault(lineAt(text, first.offset), worded(printParseErrorCode(first.error)));
  if (root?.type !== 'object') throw new SyntaxFault(1, 'it is not an object');
  return new Reader(text).node(root, 0);
}
