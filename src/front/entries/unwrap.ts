// Takes broker away from an entry: by the steps that were kept, or, where somebody edited it, by what the entry says now. Pure.
import type { Host } from '../hosts/host.ts';
import { applied, memberText, quoted, type Splice, withoutFirst, withoutMember } from './edit.ts';
import { restored } from './kept.ts';
import { launchOf, listOf, wrappingOf } from './launch.ts';
import type { Step } from './record.ts';
import { find, type MapNode, memberOf, type Node, type Path } from './tree.ts';

export interface UndoParts {
  readonly host: Host;
  /** From the root to the entry. */
  readonly path: Path;
  readonly parse: (text: string) => Node;
  readonly values: ReadonlyMap<string, string>;
}

/** The entry as a whole, with what parts it from its neighbours. */
function withoutEntry(text: string, root: Node, path: Path, written: string | undefined): Splice | undefined {
  const node = find(root, path);
  if (!node) return undefined;
  if (written !== undefined) {
    // The very text that was put there, around the entry: nothing else is touched.
    for (let at = text.indexOf(written); at >= 0; at = text.indexOf(written, at + 1))
      if (at <= node.start && at + written.length >= node.end)
        return { start: at, end: at + written.length, text: '' };
  }
  const holder = find(root, path.slice(0, -1));
  if (holder?.kind === 'map') {
    const member = memberOf(holder, path.at(-1) ?? '');
    return member && withoutMember(text, holder, { ...member, end: Math.max(member.end, node.end) });
  }
  if (holder?.kind !== 'list') return undefined;
  const at = holder.items.indexOf(node);
  const before = holder.items[at - 1];
  const start = before?.end ?? holder.marks[at] ?? node.start;
  return { start, end: before ? node.end : (holder.marks[at + 1] ?? node.end), text: '' };
}

function back(step: Step, text: string, root: Node, parts: UndoParts): Splice | undefined {
  if (step.do === 'entry') return withoutEntry(text, root, parts.path, step.text);
  const entry = find(root, parts.path);
  const node = find(entry, step.path);
  const holder = find(entry, step.path.slice(0, -1));
  if (!node || holder?.kind !== 'map') return undefined;
  const member = memberOf(holder, step.path.at(-1) ?? '');
  if (!member) return undefined;
  if (step.do === 'words') return node.kind === 'list' ? withoutFirst(node, step.count) : undefined;
  if (step.do === 'member') return withoutMember(text, holder, member);
  const was = restored(step.was, parts.values);
  if (was === undefined) return undefined;
  if (step.do === 'renamed') return { start: member.start, end: member.end, text: was };
  const target = step.index === undefined ? node : node.kind === 'list' ? node.items[step.index] : undefined;
  return target && { start: target.start, end: target.end, text: was };
}

/** Undefined when the file no longer has what a step changed, or a secret is gone. */
export function undone(text: string, steps: readonly Step[], parts: UndoParts): string | undefined {
  let current = text;
  for (const step of [...steps].reverse()) {
    const splice = back(step, current, parts.parse(current), parts);
    if (!splice) return undefined;
    current = applied(current, [splice]);
  }
  return current;
}

function startsInner(entry: MapNode, host: Host, words: readonly string[], own: number): Splice[] {
  const { shape } = host;
  const list = listOf(entry, shape);
  if (list?.kind !== 'list') return [];
  if (shape.args === undefined) return [withoutFirst(list, own)];
  const command = memberOf(entry, shape.command)?.value;
  if (!command) return [];
  return [
    { start: command.start, end: command.end, text: quoted(words[own] ?? '') },
    withoutFirst(list, own),
  ];
}

/** Without any record: the server that the entry names behind broker, as it stands there. Undefined when broker is not before it. */
export function unwrapped(
  text: string,
  parts: Pick<UndoParts, 'host' | 'path' | 'parse'>,
): string | undefined {
  const { host, path, parse } = parts;
  const root = parse(text);
  const entry = find(root, path);
  const launch = entry && launchOf(entry, host.shape);
  const wrapping = launch && wrappingOf(launch);
  if (!wrapping || entry?.kind !== 'map') return undefined;
  if (wrapping.inner.length > 0) return applied(text, startsInner(entry, host, launch.words, wrapping.own));
  if (wrapping.url === undefined) {
    const splice = withoutEntry(text, root, path, undefined);
    return splice && applied(text, [splice]);
  }
  const { shape, format } = host;
  const command = memberOf(entry, shape.command);
  const args = shape.args === undefined ? undefined : memberOf(entry, shape.args);
  if (!command) return undefined;
  const put = memberText(format, shape.urls[0] ?? 'url', quoted(wrapping.url));
  return applied(text, [
    ...(args ? [withoutMember(text, entry, args)] : []),
    { start: command.start, end: command.end, text: put },
  ]);
}
