// Puts broker before an entry: the splices, and the steps that undo them. Pure; must never leave a secret in what it writes.
import { sha256 } from '../../lib/digest.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Host } from '../hosts/host.ts';
import { listText, memberText, quoted, type Splice, separator, withFirst } from './edit.ts';
import { type Finding, findingsOf, reference } from './findings.ts';
import { kept, type Taken } from './kept.ts';
import { type Launch, listOf, urlOf } from './launch.ts';
import type { Step } from './record.ts';
import { type MapNode, memberOf, type Node, type Path, plain, textAt } from './tree.ts';

export interface WrapOrder {
  readonly connection: string;
  readonly others: readonly string[];
  /** What starts broker. */
  readonly program: readonly [string, ...string[]];
  /** Nothing is done yet, only told. */
  readonly dry: boolean;
  /** The connection is a database: its address stands for those found in the entry. */
  readonly database: boolean;
}

export interface Entry {
  readonly host: Host;
  /** As people know the file. */
  readonly file: string;
  readonly path: Path;
  readonly name: string;
  readonly node: MapNode;
  readonly launch: Launch;
}

export interface Wrapped {
  readonly splices: readonly Splice[];
  readonly steps: readonly Step[];
  readonly taken: readonly Taken[];
  /** For people: what was found, never its value. */
  readonly notes: readonly string[];
}

function unusable(entry: Entry, reason: string, mend: string): BrokerError {
  return new BrokerError('host-entry-unusable', { server: entry.name, file: entry.file, reason, mend });
}

/** Unique for this entry of this file. */
export function secretName(entry: Pick<Entry, 'host' | 'file' | 'path' | 'name'>, name: string): string {
  const clean = (text: string, most: number) =>
    text
      .replace(/[^A-Za-z0-9._@-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, most) || 'unnamed';
  const mark = sha256(JSON.stringify([entry.file, entry.path, name])).slice(0, 8);
  return `mcp/${entry.host.id}/${clean(entry.name, 40)}/${clean(name, 40)}.${mark}`;
}

class Wrapper {
  readonly #text: string;
  readonly #entry: Entry;
  readonly #order: WrapOrder;
  readonly #splices: Splice[] = [];
  readonly #steps: Step[] = [];
  readonly #taken: Taken[] = [];
  readonly #notes: string[] = [];

  constructor(text: string, entry: Entry, order: WrapOrder) {
    this.#text = text;
    this.#entry = entry;
    this.#order = order;
  }

  wrap(): Wrapped {
    for (const finding of findingsOf(this.#entry.launch)) this.#take(finding);
    if (this.#entry.launch.url === undefined) this.#local();
    else this.#remote(this.#entry.launch.url);
    return { splices: this.#splices, steps: this.#steps, taken: this.#taken, notes: this.#notes };
  }

  #kept(node: { readonly start: number; readonly end: number }, taken: readonly Taken[] = []) {
    const { name: server, file } = this.#entry;
    return kept(this.#text.slice(node.start, node.end), taken, { server, file });
  }

  #words(...rest: readonly string[]): string[] {
    const { connection, others } = this.#order;
    const options = others.length > 0 ? ['--with', ...others] : [];
    return [...this.#order.program, 'mcp', connection, ...options, ...rest];
  }

  #replace(path: Path, node: Node, value: string, taken: readonly Taken[] = [], index?: number): void {
    this.#splices.push({ start: node.start, end: node.end, text: quoted(value) });
    this.#steps.push({
      do: 'value',
      path,
      was: this.#kept(node, taken),
      ...(index === undefined ? {} : { index }),
    });
  }

  #take({ at, taken: value, kind, name }: Finding): void {
    const { shape } = this.#entry.host;
    const database = kind === 'database' && this.#order.database;
    const taken = { name: secretName(this.#entry, name), value };
    const put = database ? `{{${this.#order.connection}.url}}` : reference(taken.name);
    this.#taken.push(taken);
    if ('variable' in at) {
      const node = memberOf(memberOf(this.#entry.node, shape.env)?.value, at.variable)?.value;
      if (node) this.#replace([shape.env, at.variable], node, put, [taken]);
    } else {
      const list = listOf(this.#entry.node, shape);
      const index = shape.args === undefined ? at.word : at.word - 1;
      const node = list?.kind === 'list' ? list.items[index] : undefined;
      const whole = this.#entry.launch.words[at.word] ?? '';
      const before = whole.slice(0, whole.length - value.length);
      if (node) this.#replace([shape.args ?? shape.command], node, before + put, [taken], index);
    }
    const { connection, dry } = this.#order;
    this.#notes.push(
      database
        ? `${name} ${dry ? 'would become' : 'is now'} the address of ${connection}`
        : `${name} ${dry ? 'would be' : 'is'} in the keychain as ${taken.name}`,
    );
  }

  #local(): void {
    const { shape } = this.#entry.host;
    const list = listOf(this.#entry.node, shape);
    if (shape.args === undefined) {
      if (list?.kind === 'list') this.#first([shape.command], list, this.#words('--'));
      return;
    }
    const command = memberOf(this.#entry.node, shape.command);
    if (command?.value.kind !== 'text') throw unusable(this.#entry, 'it has no command', 'give it one');
    const [program = '', ...rest] = this.#words('--', command.value.value);
    this.#replace([shape.command], command.value, program);
    if (list?.kind === 'list') {
      this.#first([shape.args], list, rest);
      return;
    }
    const text =
      separator(this.#text, this.#entry.node, command) +
      memberText(this.#entry.host.format, shape.args, listText(rest));
    this.#splices.push({ start: command.end, end: command.end, text });
    this.#steps.push({ do: 'member', path: [shape.args] });
  }

  #first(path: Path, list: Extract<Node, { kind: 'list' }>, words: readonly string[]): void {
    this.#splices.push(withFirst(this.#text, list, words));
    this.#steps.push({ do: 'words', path, count: words.length });
  }

  #remote(url: string): void {
    const { host, node } = this.#entry;
    const { shape, format } = host;
    const own = shape.remoteOnly.find((key) => {
      const value = memberOf(node, key)?.value;
      return value !== undefined && Object.keys(Object(plain(value)) as object).length > 0;
    });
    if (own !== undefined)
      throw unusable(
        this.#entry,
        `it sends ${own} of its own, which broker would not`,
        'sign in with `broker login` instead: take them out, then try again',
      );
    if (textAt(node, 'type') === 'sse')
      throw unusable(
        this.#entry,
        'it is reached over SSE, which broker does not speak',
        'use the server’s streamable HTTP address, if it has one',
      );
    const member = urlOf(node, shape);
    if (!member) throw unusable(this.#entry, 'it has no address', 'give it one');
    const [program = '', ...rest] = this.#words('--url', url);
    const put =
      shape.args === undefined
        ? memberText(format, shape.command, listText([program, ...rest]))
        : memberText(format, shape.command, quoted(program)) +
          separator(this.#text, node, member) +
          memberText(format, shape.args, listText(rest));
    this.#splices.push({ start: member.start, end: member.end, text: put });
    this.#steps.push({ do: 'renamed', path: [shape.command], was: this.#kept(member) });
    if (shape.args !== undefined) this.#steps.push({ do: 'member', path: [shape.args] });
    const type = memberOf(node, 'type')?.value;
    if (type?.kind === 'text' && shape.local !== undefined) this.#replace(['type'], type, shape.local);
  }
}

/** Throws `host-entry-unusable`. */
export function wrap(text: string, entry: Entry, order: WrapOrder): Wrapped {
  return new Wrapper(text, entry, order).wrap();
}
