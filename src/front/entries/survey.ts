// Every server of every host on this machine, as the hosts' files name them. Reads only; a file that cannot be read is told, never skipped in silence.
import { BrokerError } from '../../model/errors.ts';
import type { FrontContext } from '../compose.ts';
import type { Host, Machine, Place, Scope } from '../hosts/host.ts';
import { HOSTS } from '../hosts/index.ts';
import { type HostFile, readHostFile, reading, treeOf } from './host-file.ts';
import { isBorrowed, isStrange, launchOf } from './launch.ts';
import { SyntaxFault } from './syntax.ts';
import { find, memberOf, type Node, type Path, TwiceError, textAt } from './tree.ts';
import type { Entry } from './wrap.ts';

export interface Found extends Entry {
  readonly place: Place;
  /** The file itself, links followed. */
  readonly real: string;
}

export interface Unread {
  readonly host: Host;
  readonly place: Place;
  /** One entry of a file that can be read. */
  readonly server?: string;
  readonly error: BrokerError;
}

/** A file that is there and could be read. */
export interface Looked {
  readonly host: Host;
  readonly place: Place;
  readonly file: HostFile;
}

export interface Survey {
  readonly found: readonly Found[];
  readonly looked: readonly Looked[];
  readonly unread: readonly Unread[];
}

export interface Choice {
  /** Ids; all when empty. */
  readonly hosts: readonly string[];
  readonly scope?: Scope;
}

export function machineOf({ home, cwd, environment }: FrontContext): Machine {
  return { home, cwd, environment, platform: process.platform };
}

/** Throws `usage` for a host that there is no row for. */
export function chosenHosts(ids: readonly string[]): readonly Host[] {
  const unknown = ids.find((id) => !HOSTS.some((host) => host.id === id));
  if (unknown !== undefined) {
    const hint = `there are ${HOSTS.map(({ id }) => id).join(', ')}`;
    throw new BrokerError(
      'usage',
      { reason: `there is no host ${unknown}`, command: 'mcp install' },
      { hint },
    );
  }
  return ids.length === 0 ? HOSTS : HOSTS.filter(({ id }) => ids.includes(id));
}

function named(servers: Node | undefined): { readonly name: string; readonly node: Node }[] {
  if (servers?.kind === 'map') {
    const seen = new Set<string>();
    return servers.members.map(({ key, value, start }) => {
      // Which of two that are called the same a host reads is not for us to guess.
      if (seen.has(key)) throw new TwiceError(key, start);
      seen.add(key);
      return { name: key, node: value };
    });
  }
  if (servers?.kind !== 'list') return [];
  return servers.items.flatMap((node, index) => {
    const name = textAt(node, 'name');
    if (name !== undefined) return [{ name, node }];
    return isBorrowed(node) ? [{ name: `server ${index + 1}`, node }] : [];
  });
}

/** Nobody starts more; each costs as much as the file is long. */
const MOST_SERVERS = 256;

/** The servers of one file's text. Throws `host-file-invalid`. */
export function entriesOf(host: Host, place: Place, text: string): Entry[] {
  const root = treeOf(place.file, host.format, text);
  return reading(place.file, text, () => {
    const servers = named(find(root, place.path));
    if (servers.length > MOST_SERVERS)
      throw new SyntaxFault(1, `it names ${servers.length} servers, more than ${MOST_SERVERS}`);
    return servers.flatMap(({ name, node }): Entry[] => {
      const launch = launchOf(node, host.shape);
      if (!launch || node.kind !== 'map') return [];
      const path: Path = [...place.path, name];
      return [{ host, file: place.file, path, name, node, launch }];
    });
  });
}

/** Entries that a host may start, and that broker cannot: told, since they would run without it. */
function strangeOf(host: Host, place: Place, text: string): Unread[] {
  const root = treeOf(place.file, host.format, text);
  const around = place.path.map((_, depth) => find(root, place.path.slice(0, depth)));
  const all = host.format === 'yaml' && [...around, find(root, place.path)].some(isBorrowed);
  const strange = named(find(root, place.path)).filter(({ node }) => isStrange(node, host.shape));
  return [...strange.map(({ name }) => name), ...(all ? ['a server'] : [])].map((name) => {
    const borrowed = all || strange.some((each) => each.name === name && borrows(each.node, host));
    const [reason, mend] = borrowed ? BORROWED : UNCLEAR;
    const error = new BrokerError('host-entry-unusable', { server: name, file: place.file, reason, mend });
    return { host, place, server: name, error };
  });
}

const UNCLEAR = [
  'its command, arguments or address are not plain text',
  'write each of them as a string, then try again',
] as const;

const BORROWED = [
  'it takes what it says from elsewhere in the file (an alias, an anchor or <<)',
  'write it out in full, then try again',
] as const;

const borrows = (node: Node, { shape }: Host): boolean =>
  isBorrowed(node) || (node.kind === 'map' && isBorrowed(memberOf(node, shape.env)?.value));

export function survey(context: FrontContext, { hosts, scope }: Choice): Survey {
  const machine = machineOf(context);
  const found: Found[] = [];
  const unread: Unread[] = [];
  const looked: Looked[] = [];
  const seen = new Set<string>();
  for (const host of chosenHosts(hosts))
    for (const place of host.places(machine)) {
      if (scope !== undefined && place.scope !== scope) continue;
      let file: HostFile;
      try {
        file = readHostFile(place.file);
        // The project may be the home.
        const key = JSON.stringify([file.path, place.path]);
        if (file.text === undefined || seen.has(key)) continue;
        seen.add(key);
        for (const entry of entriesOf(host, place, file.text))
          found.push({ ...entry, place, real: file.path });
        looked.push({ host, place, file });
        unread.push(...strangeOf(host, place, file.text));
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        unread.push({ host, place, error });
      }
    }
  return { found, looked, unread };
}
