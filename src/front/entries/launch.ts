// What an entry starts, whatever its host calls the parts, and whether broker stands before it. Pure.
import { jcsDigest } from '../../lib/jcs.ts';
import type { Shape } from '../hosts/host.ts';
import { type MapNode, memberOf, type Node, TwiceError, textAt, wordsOf } from './tree.ts';

export interface Launch {
  /** The command and its arguments; empty for a remote server. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url?: string;
}

/** Broker before a server, as an entry says it. */
export interface Wrapping {
  readonly connection: string;
  readonly others: readonly string[];
  readonly url?: string;
  /** The server behind; empty for broker's own tools and for remote ones. */
  readonly inner: readonly string[];
  /** Words of the entry that are broker's. */
  readonly own: number;
}

/** The list that holds the words after the command: the command's own where a host has one list for both. */
export function listOf(entry: Node, shape: Shape): Node | undefined {
  return memberOf(entry, shape.args ?? shape.command)?.value;
}

function environmentOf(entry: Node, shape: Shape): Record<string, string> {
  const env = memberOf(entry, shape.env)?.value;
  if (env?.kind !== 'map') return {};
  const seen = new Set<string>();
  for (const { key, start } of env.members) {
    // Which of two a host gives to the server is not for us to guess: a secret could stay in the other.
    if (seen.has(key)) throw new TwiceError(key, start);
    seen.add(key);
  }
  return Object.fromEntries(
    env.members.flatMap(({ key, value }) => (value.kind === 'text' ? [[key, value.value]] : [])),
  );
}

/** Undefined for what is no server: neither a command nor an address. */
export function launchOf(entry: Node, shape: Shape): Launch | undefined {
  if (entry.kind !== 'map' || isBorrowed(entry) || isBorrowed(memberOf(entry, shape.env)?.value))
    return undefined;
  const env = environmentOf(entry, shape);
  const list = listOf(entry, shape);
  if (shape.args === undefined) {
    const words = wordsOf(list);
    if (words !== undefined && words.length > 0) return { words, env };
  } else {
    const command = textAt(entry, shape.command);
    const args = list === undefined ? [] : wordsOf(list);
    if (command !== undefined && args !== undefined) return { words: [command, ...args], env };
  }
  const url = urlOf(entry, shape)?.value;
  return url?.kind === 'text' ? { words: [], env, url: url.value } : undefined;
}

/** It says that it is a server, in a way that is not understood. */
export function isStrange(entry: Node, shape: Shape): boolean {
  if (isBorrowed(entry)) return true;
  if (entry.kind !== 'map' || launchOf(entry, shape)) return false;
  return memberOf(entry, shape.command) !== undefined || urlOf(entry, shape) !== undefined;
}

/** YAML's `<<`: members that stand elsewhere, where a secret or another command may be. */
const MERGE = '<<';

/** What it says stands elsewhere in the file, as a whole or in part: aliases, anchors and merge keys of YAML. */
export function isBorrowed(node: Node | undefined): boolean {
  if (node?.kind === 'other') return node.value === undefined;
  return node?.kind === 'map' && node.members.some(({ key }) => key === MERGE);
}

export function urlOf(entry: MapNode, shape: Shape): ReturnType<typeof memberOf> {
  return shape.urls.map((key) => memberOf(entry, key)).find((member) => member !== undefined);
}

export function digestOf({ words, env, url }: Launch): string {
  return jcsDigest({ words, env, url: url ?? '' });
}

/** Words that start broker, before `mcp`: 1, or 2 where node is named too; 0 when it is something else. */
function program(words: readonly string[]): number {
  if (/(?:^|[\\/])broker(?:\.js)?$/.test(words[0] ?? '') && words[1] === 'mcp') return 1;
  return /(?:^|[\\/])broker\.js$/.test(words[1] ?? '') && words[2] === 'mcp' ? 2 : 0;
}

/** What is started under broker's name. */
export function scriptOf(words: readonly string[]): string {
  return words[program(words) - 1] ?? '';
}

export function wrappingOf({ words }: Launch): Wrapping | undefined {
  const first = program(words);
  const connection = words[first + 1];
  if (first === 0 || connection === undefined || connection.startsWith('-')) return undefined;
  const rest = words.slice(first + 2);
  const dashes = rest.indexOf('--');
  const options = dashes < 0 ? rest : rest.slice(0, dashes);
  const url = options[options.indexOf('--url') + 1];
  const others: string[] = [];
  for (let at = options.indexOf('--with') + 1; at > 0 && at < options.length; at += 1) {
    const word = options[at] ?? '';
    if (word.startsWith('-')) break;
    others.push(word);
  }
  return {
    connection,
    others,
    ...(options.includes('--url') && url !== undefined ? { url } : {}),
    inner: dashes < 0 ? [] : rest.slice(dashes + 1),
    own: first + 2 + (dashes < 0 ? rest.length : dashes + 1),
  };
}
