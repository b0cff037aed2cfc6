// TOML as a tree with places. smol-toml says whether it is TOML and what values mean; here only where they stand is found.
import { isDeepStrictEqual } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { DEEPEST, SyntaxFault } from './syntax.ts';
import { type ListNode, leadAt, lineAt, type MapNode, type Member, type Node, plain } from './tree.ts';

type Growing = MapNode & { members: Member[]; end: number; depth: number };

const SPACE = /[ \t]*/y;
const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const BARE = /[A-Za-z0-9_-]+/y;
const STRING = /"""(?:[^\\]|\\[\s\S])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
const OTHER = /[^\s,\]}#][^,\]}#\r\n]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #next(): string {
    return this.#text[this.#at] ?? '';
  }

  #fault(): SyntaxFault {
    return new SyntaxFault(
      lineAt(this.#text, this.#at),
      'it is written in a way that cannot be edited safely',
    );
  }

  /** One level below `depth`. */
  #below(depth: number): number {
    if (depth >= DEEPEST) throw new SyntaxFault(lineAt(this.#text, this.#at), 'it is nested too deeply');
    return depth + 1;
  }

  #expect(mark: string): void {
    if (!this.#text.startsWith(mark, this.#at)) throw this.#fault();
    this.#at += mark.length;
  }

  /** A dotted key, and where its last part begins. */
  #keys(): { readonly keys: string[]; readonly last: number } {
    const keys: string[] = [];
    let last = this.#at;
    do {
      if (keys.length > 0) this.#at += 1;
      this.#take(SPACE);
      last = this.#at;
      const string = this.#take(STRING);
      const bare = string ? '' : this.#take(BARE);
      if (!string && !bare) throw this.#fault();
      keys.push(string ? String(meaning(string)) : bare);
      this.#take(SPACE);
    } while (this.#next() === '.');
    return { keys, last };
  }

  #value(depth: number): Node {
    const start = this.#at;
    if (this.#next() === '[') return this.#list(start, this.#below(depth));
    if (this.#next() === '{') return this.#inline(start, this.#below(depth));
    const string = this.#take(STRING);
    if (string) return { kind: 'text', start, end: this.#at, value: String(meaning(string)) };
    const other = this.#take(OTHER).trimEnd();
    if (!other) throw this.#fault();
    this.#at = start + other.length;
    return { kind: 'other', start, end: this.#at, value: meaning(other) };
  }

  #list(start: number, depth: number): ListNode {
    const items: Node[] = [];
    this.#expect('[');
    for (this.#take(BLANK); this.#next() !== ']'; this.#take(BLANK)) {
      if (items.length > 0) this.#expect(',');
      this.#take(BLANK);
      if (this.#next() === ']') break;
      items.push(this.#value(depth));
    }
    this.#expect(']');
    return {
      kind: 'list',
      start,
      end: this.#at,
      items,
      marks: items.map((item) => item.start),
      block: false,
    };
  }

  #inline(start: number, depth: number): MapNode {
    const map: Growing = { kind: 'map', start, end: start, members: [], block: false, depth };
    this.#expect('{');
    for (this.#take(BLANK); this.#next() !== '}'; this.#take(BLANK)) {
      if (map.members.length > 0) this.#expect(',');
      this.#take(BLANK);
      if (this.#next() === '}') break;
      this.#pair(map);
    }
    this.#expect('}');
    map.end = this.#at;
    return map;
  }

  #pair(map: Growing): void {
    const from = this.#at;
    const { keys, last } = this.#keys();
    this.#expect('=');
    this.#take(SPACE);
    const holder = this.#open(map, keys.slice(0, -1), from, map.block);
    const value = this.#value(holder.depth);
    const lead = leadAt(this.#text, from);
    holder.members.push({
      key: keys.at(-1) ?? '',
      start: last,
      end: value.end,
      value,
      lead: lead.lead + this.#text.slice(from, last),
      alone: lead.alone,
    });
    holder.end = value.end;
  }

  /** The map below `keys`; made where it is not there yet. */
  #open(map: Growing, keys: readonly string[], start: number, block: boolean): Growing {
    return keys.reduce((holder, key) => {
      const known = holder.members.find((member) => member.key === key)?.value;
      if (known?.kind === 'map') return known as Growing;
      // The last table of an array of tables.
      const table = known?.kind === 'list' ? known.items.at(-1) : undefined;
      if (table?.kind === 'map') return table as Growing;
      const depth = this.#below(holder.depth);
      const made: Growing = { kind: 'map', start, end: start, members: [], block, depth };
      holder.members.push({ key, start, end: start, value: made, lead: '', alone: true });
      return made;
    }, map);
  }

  #header(root: Growing): Growing {
    const start = this.#at;
    const array = this.#text.startsWith('[[', start);
    this.#expect(array ? '[[' : '[');
    const { keys } = this.#keys();
    this.#expect(array ? ']]' : ']');
    if (!array) {
      const map = this.#open(root, keys, start, true);
      map.end = this.#at;
      return map;
    }
    const holder = this.#open(root, keys.slice(0, -1), start, true);
    const key = keys.at(-1) ?? '';
    const depth = this.#below(holder.depth);
    const made: Growing = { kind: 'map', start, end: this.#at, members: [], block: true, depth };
    const known = holder.members.find((member) => member.key === key)?.value;
    if (known?.kind === 'list') (known.items as Node[]).push(made);
    else {
      const list: ListNode = { kind: 'list', start, end: start, items: [made], marks: [start], block: true };
      holder.members.push({ key, start, end: start, value: list, lead: '', alone: true });
    }
    return made;
  }

  read(): Node {
    const root: Growing = {
      kind: 'map',
      start: 0,
      end: this.#text.length,
      members: [],
      block: true,
      depth: 0,
    };
    let map = root;
    for (this.#take(BLANK); this.#at < this.#text.length; this.#take(BLANK))
      if (this.#next() === '[') map = this.#header(root);
      else this.#pair(map);
    return root;
  }
}

function meaning(slice: string): unknown {
  return parse(`x = ${slice}`)['x'];
}

/** Throws SyntaxFault. */
export function readToml(text: string): Node {
  let value: unknown;
  try {
    value = parse(text, { maxDepth: DEEPEST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new SyntaxFault(error.line, reason);
  }
  const tree = new Reader(text).read();
  // Two readers that differ would mean an edit in the wrong place. Prototypes differ between them.
  const alike = (data: unknown): unknown => JSON.parse(JSON.stringify(data));
  if (!isDeepStrictEqual(alike(plain(tree)), alike(value)))
    throw new SyntaxFault(1, 'it is written in a way that cannot be edited safely');
  return tree;
}
