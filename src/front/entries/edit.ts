// Edits as splices: each changes the least text that says what is wanted, in the way the file around it is written. Pure.
import type { ListNode, MapNode, Member } from './tree.ts';

export type Format = 'json' | 'yaml' | 'toml';

export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Splices that do not overlap, in any order. */
export function applied(text: string, splices: readonly Splice[]): string {
  return [...splices]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((edited, { start, end, text: put }) => edited.slice(0, start) + put + edited.slice(end), text);
}

/** A string that JSON, YAML 1.2 and TOML read alike. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function listText(words: readonly string[]): string {
  return `[${words.map(quoted).join(', ')}]`;
}

const BARE = /^[A-Za-z][A-Za-z0-9_-]*$/;

export function memberText(format: Format, key: string, value: string): string {
  const name = format !== 'json' && BARE.test(key) ? key : quoted(key);
  return `${name}${format === 'toml' ? ' = ' : ': '}${value}`;
}

export function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** What stands between a member and one that is put behind it. */
export function separator(text: string, map: MapNode, { lead, alone }: Member): string {
  if (map.block) return lineEnd(text) + lead;
  return alone ? `,${lineEnd(text)}${lead}` : ', ';
}

/** Words at the front of a list; undone by `withoutFirst`. */
export function withFirst(text: string, list: ListNode, words: readonly string[]): Splice {
  const [mark] = list.marks;
  if (mark === undefined) {
    const at = list.start + 1;
    return { start: at, end: at, text: words.map(quoted).join(', ') };
  }
  const indent = list.block ? ' '.repeat(mark - (text.lastIndexOf('\n', mark - 1) + 1)) : '';
  const put = words.map((word) =>
    list.block ? `- ${quoted(word)}${lineEnd(text)}${indent}` : `${quoted(word)}, `,
  );
  return { start: mark, end: mark, text: put.join('') };
}

export function withoutFirst(list: ListNode, count: number): Splice {
  const start = list.marks[0] ?? list.start;
  return { start, end: list.marks[count] ?? list.items.at(-1)?.end ?? start, text: '' };
}

/** A member together with what parts it from its neighbour. */
export function withoutMember(text: string, map: MapNode, member: Member): Splice {
  const at = map.members.indexOf(member);
  const before = map.members[at - 1];
  const after = map.members[at + 1];
  if (before && before.end <= member.start) return { start: before.end, end: member.end, text: '' };
  if (after) return { start: member.start, end: after.start, text: '' };
  const rest = /^[ \t]*,/.exec(text.slice(member.end))?.[0].length ?? 0;
  return { start: member.start, end: member.end + (map.block ? 0 : rest), text: '' };
}
