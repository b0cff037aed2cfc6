// A new entry in a host's file, written as the file around it is. Pure.
import { BrokerError } from '../../model/errors.ts';
import type { Host, Place } from '../hosts/host.ts';
import { lineEnd, listText, memberText, quoted, type Splice, separator } from './edit.ts';
import { type ListNode, leadAt, type MapNode, memberOf, type Node, type Path } from './tree.ts';

type Value = string | boolean | readonly string[] | Body;
interface Body {
  readonly [key: string]: Value;
}

export interface Added {
  readonly text: string;
  readonly splice: Splice;
}

function body({ shape }: Host, name: string, words: readonly string[]): Body {
  const [command = '', ...args] = words;
  const extra: Record<string, Value> = { ...shape.extra };
  // Goose wants the name inside too.
  if (shape.listed || shape.command === 'cmd') extra['name'] = name;
  const what =
    shape.args === undefined ? { [shape.command]: words } : { [shape.command]: command, [shape.args]: args };
  return shape.listed ? { ...extra, ...what } : { ...what, ...extra };
}

const isBody = (value: Value): value is Body => typeof value === 'object' && !Array.isArray(value);

function scalar(value: Exclude<Value, Body>): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'boolean' ? String(value) : listText(value);
}

interface Style {
  readonly format: Host['format'];
  readonly end: string;
  readonly unit: string;
}

/** One line: JSON, a YAML flow or a TOML inline table. */
function inline(value: Value, style: Style): string {
  if (!isBody(value)) return scalar(value);
  const members = Object.entries(value).map(([key, each]) =>
    memberText(style.format, key, inline(each, style)),
  );
  return `{ ${members.join(', ')} }`;
}

/** JSON, a member a line. */
function braced(value: Value, lead: string, style: Style): string {
  if (!isBody(value)) return scalar(value);
  const below = lead + style.unit;
  const members = Object.entries(value).map(
    ([key, each]) => below + memberText('json', key, braced(each, below, style)),
  );
  return `{${style.end}${members.join(`,${style.end}`)}${style.end}${lead}}`;
}

/** A YAML block whose first line has no indentation. */
function block(value: Body, lead: string, style: Style): string {
  return Object.entries(value)
    .map(([key, each]) => {
      if (!isBody(each)) return memberText('yaml', key, scalar(each));
      const below = lead + style.unit;
      return `${memberText('yaml', key, '').trimEnd()}${style.end}${below}${block(each, below, style)}`;
    })
    .join(style.end + lead);
}

function unitOf(text: string): string {
  return /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
}

function nested(keys: Path, value: Value): Value {
  return keys.reduceRight((held, key) => ({ [key]: held }), value);
}

function at(offset: number, text: string): Splice {
  return { start: offset, end: offset, text };
}

/** Behind the last line of the file, in lines of its own. */
function behind(text: string, put: string, style: Style): Splice {
  const gap = text === '' || text.endsWith('\n') ? '' : style.end;
  return at(text.length, `${gap}${put}${style.end}`);
}

function intoMap(text: string, map: MapNode, key: string, value: Value, style: Style): Splice {
  const last = map.members.at(-1);
  const flat = style.format !== 'json';
  if (last) {
    const gap = separator(text, map, last);
    const lead = last.lead;
    if (map.block && isBody(value)) return at(last.end, gap + block({ [key]: value }, lead, style));
    const member = memberText(
      style.format,
      key,
      flat || !last.alone ? inline(value, style) : braced(value, lead, style),
    );
    return at(last.end, gap + member);
  }
  if (flat) return at(map.start + 1, ` ${memberText(style.format, key, inline(value, style))} `);
  const { lead } = leadAt(text, map.start);
  const below = lead + style.unit;
  const open = text.slice(map.start + 1, map.end - 1).includes('\n');
  const member = memberText('json', key, braced(value, below, style));
  return at(map.start + 1, `${style.end}${below}${member}${open ? '' : style.end + lead}`);
}

function intoList(text: string, list: ListNode, value: Body, style: Style): Splice {
  const last = list.items.at(-1);
  if (!list.block)
    return last ? at(last.end, `, ${inline(value, style)}`) : at(list.start + 1, inline(value, style));
  const mark = list.marks.at(-1) ?? list.start;
  const lead = ' '.repeat(mark - (text.lastIndexOf('\n', mark - 1) + 1));
  return at(last?.end ?? list.end, `${style.end}${lead}- ${block(value, `${lead}  `, style)}`);
}

function table(keys: Path, value: Body, style: Style): string {
  const lines = Object.entries(value).map(([key, each]) => memberText('toml', key, inline(each, style)));
  const name = keys.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key))).join('.');
  return [`[${name}]`, ...lines].join(style.end);
}

function whole(host: Host, keys: Path, name: string, value: Body, style: Style): string {
  if (host.format === 'json') return `${braced(nested([...keys, name], value), '', style)}\n`;
  if (host.format === 'toml') return `${table([...keys, name], value, style)}\n`;
  if (!host.shape.listed) return `${block(nested([...keys, name], value) as Body, '', style)}\n`;
  return `${keys.join('')}:\n  - ${block(value, '    ', style)}\n`;
}

/** Throws `host-entry-unusable` where the servers are no map, or no list. */
export function added(
  text: string,
  root: Node,
  host: Host,
  place: Place,
  name: string,
  words: readonly string[],
): Added {
  const style: Style = { format: host.format, end: lineEnd(text), unit: unitOf(text) };
  const value = body(host, name, words);
  const done = (splice: Splice): Added => ({ text: splice.text, splice });
  if (text.trim() === '') {
    const made = whole(host, place.path, name, value, style);
    return { text: made, splice: { start: 0, end: text.length, text: made } };
  }
  let node = root;
  let depth = 0;
  for (; depth < place.path.length; depth++) {
    const next = memberOf(node, place.path[depth] ?? '')?.value;
    if (!next) break;
    node = next;
  }
  const missing = place.path.slice(depth);
  if (node.kind === 'list' && missing.length === 0 && host.shape.listed)
    return done(intoList(text, node, value, style));
  if (node.kind !== 'map' || (host.shape.listed && missing.length === 0))
    throw new BrokerError('host-entry-unusable', {
      server: name,
      file: place.file,
      reason: `${place.path.slice(0, depth).join('.')} holds no servers`,
      mend: 'take it out, then try again',
    });
  if (host.format === 'toml' && node.block)
    return done(behind(text, `${style.end}${table([...place.path, name], value, style)}`, style));
  if (host.format === 'yaml' && node === root)
    return done(behind(text, whole(host, missing, name, value, style).trimEnd(), style));
  const [key = name, ...rest] = [...missing, name];
  return done(intoMap(text, node, key, nested(rest, value), style));
}
