// JSON with comments and trailing commas as a tree with places. Must never guess past an error.
import {
  createScanner,
  type Node as Parsed,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { DEEPEST, SyntaxFault } from './syntax.ts';
import { leadAt, lineAt, type Member, type Node } from './tree.ts';

/** `InvalidSymbol` → `invalid symbol`. */
function worded(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

class Reader {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  node(parsed: Parsed): Node {
    const { offset: start, length, children = [] } = parsed;
    const end = start + length;
    if (parsed.type === 'object')
      return {
        kind: 'map',
        start,
        end,
        block: false,
        members: children.map((each) => this.#member(each)),
      };
    if (parsed.type === 'array') {
      const items = children.map((each) => this.node(each));
      return { kind: 'list', start, end, block: false, items, marks: items.map((item) => item.start) };
    }
    if (parsed.type === 'string') return { kind: 'text', start, end, value: String(parsed.value) };
    return { kind: 'other', start, end, value: parsed.value };
  }

  #member({ offset, children = [] }: Parsed): Member {
    const [key, value] = children;
    if (!key || !value) throw new SyntaxFault(lineAt(this.#text, offset), 'a value is missing');
    const node = this.node(value);
    return {
      key: String(key.value),
      start: offset,
      end: node.end,
      value: node,
      ...leadAt(this.#text, offset),
    };
  }
}

/** The parser descends with the text: how far is known before. Throws SyntaxFault. */
function bounded(text: string): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const token = scanner.getTokenLength() === 1 ? text[scanner.getTokenOffset()] : undefined;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth > DEEPEST)
      throw new SyntaxFault(lineAt(text, scanner.getTokenOffset()), 'it is nested too deeply');
  }
}

/** Throws SyntaxFault. */
export function readJsonc(text: string): Node {
  bounded(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first) throw new SyntaxFault(lineAt(text, first.offset), worded(printParseErrorCode(first.error)));
  if (root?.type !== 'object') throw new SyntaxFault(1, 'it is not an object');
  return new Reader(text).node(root);
}
