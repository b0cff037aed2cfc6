// A host's file as data that remembers where everything stands: what three formats have in common. Pure; must never hold a changed text.

interface Stretch {
  /** UTF-16 offsets, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface Member extends Stretch {
  readonly key: string;
  readonly value: Node;
  /** What a line for another member of the same map begins with: indentation, and in TOML the first parts of a dotted key. */
  readonly lead: string;
  /** Nothing but `lead` stands before it on its line. */
  readonly alone: boolean;
}

export interface MapNode extends Stretch {
  readonly kind: 'map';
  readonly members: readonly Member[];
  /** One member a line, without brackets: YAML blocks, TOML tables. */
  readonly block: boolean;
}

export interface ListNode extends Stretch {
  readonly kind: 'list';
  readonly items: readonly Node[];
  /** Where each item begins, its dash included. */
  readonly marks: readonly number[];
  readonly block: boolean;
}

export interface TextNode extends Stretch {
  readonly kind: 'text';
  readonly value: string;
}

/** Numbers, booleans, null; and what must not be edited, such as YAML aliases. */
export interface OtherNode extends Stretch {
  readonly kind: 'other';
  readonly value: unknown;
}

export type Node = MapNode | ListNode | TextNode | OtherNode;

export type Path = readonly string[];

export class TwiceError extends Error {
  readonly key: string;
  readonly offset: number;
  constructor(key: string, offset: number) {
    super(`${key} stands there twice`);
    this.key = key;
    this.offset = offset;
  }
}

/** Throws TwiceError: which of the two a host reads is not for us to guess. */
export function memberOf(node: Node | undefined, key: string): Member | undefined {
  if (node?.kind !== 'map') return undefined;
  const found = node.members.filter((member) => member.key === key);
  if (found[1]) throw new TwiceError(key, found[1].start);
  return found[0];
}

/** Below lists, an item is found by the `name` it has. */
function step(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind !== 'list') return memberOf(node, key)?.value;
  const named = node.items.filter((item) => textAt(item, 'name') === key);
  if (named[1]) throw new TwiceError(key, named[1].start);
  return named[0];
}

export function find(node: Node | undefined, path: Path): Node | undefined {
  return path.reduce(step, node);
}

export function textAt(node: Node | undefined, key: string): string | undefined {
  const value = memberOf(node, key)?.value;
  return value?.kind === 'text' ? value.value : undefined;
}

/** The items' words, or undefined when one of them is something else. */
export function wordsOf(node: Node | undefined): string[] | undefined {
  if (node?.kind !== 'list') return undefined;
  const words = node.items.flatMap((item) => (item.kind === 'text' ? [item.value] : []));
  return words.length === node.items.length ? words : undefined;
}

/** The data alone. */
export function plain(node: Node): unknown {
  if (node.kind === 'map')
    return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
  return node.kind === 'list' ? node.items.map(plain) : node.value;
}

/** Whitespace before `offset` on its line, and whether it is all there is. */
export function leadAt(text: string, offset: number): { readonly lead: string; readonly alone: boolean } {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const lead = /^[ \t]*/.exec(before)?.[0] ?? '';
  return { lead, alone: lead === before };
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
