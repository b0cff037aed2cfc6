// A server's tools as the host may know them: filtered, pinned, looked over. Must never show a definition that nobody has trusted.
import type { Calls } from '../../flow/calls.ts';
import { jcs } from '../../lib/jcs.ts';
import { BrokerError } from '../../model/errors.ts';
import { isMembers, type Members } from '../../protocols/mcp/index.ts';
import { callOf, entryName, USED_BY } from './methods.ts';
import { honestSchema } from './output-schema.ts';
import { changesOf, type Pins } from './pins.ts';
import { lookAlikes, signsOf } from './suspicion.ts';

/** Names that are remembered of one server, gone ones included. */
const MOST_TOOLS = 4096;
/** Characters. */
const LONGEST_NAME = 512;

export interface Telling {
  /** For the person: stderr and, once there is a session, the record. */
  warn(code: string, detail: string): void;
  /** RFC 3339. */
  now(): string;
}

export class Tools {
  readonly #pins: Pins;
  readonly #telling: Telling;
  /** Tools the server has listed since it was started. */
  readonly #listed = new Set<string>();
  #stale = false;

  constructor(pins: Pins, telling: Telling) {
    this.#pins = pins;
    this.#telling = telling;
  }

  /** The server says that its tools are others now: they are listed again before the next call. */
  changed(): void {
    this.#stale = true;
  }

  /** Whether it was listed, and is still as it was then for all that is known. Before a tool is called it must be so. */
  isCurrent(name: string): boolean {
    return !this.#stale && this.#listed.has(name);
  }

  /** The first page of all tools is there. */
  relisting(): void {
    this.#stale = false;
  }

  /** SHA-256 hex of what a tool is: of its definition as models see it. */
  definition(name: string): string | undefined {
    return this.#pins.get(name)?.digest;
  }

  /** Why a tool cannot be called, whatever policy says. */
  problem(connection: string, name: string): BrokerError | undefined {
    if (!this.isCurrent(name)) return new BrokerError('tool-unlisted', { connection, tool: name });
    const pin = this.#pins.get(name);
    if (!pin?.changed) return undefined;
    const changes = changesOf(pin);
    return new BrokerError('tool-changed', { connection, tool: name, changes, server: this.#pins.id });
  }

  /** The entries of one page that the host may see, as it may see them. */
  entries(members: string, page: readonly unknown[], calls: Calls): unknown[] {
    const told = page.filter(isMembers);
    const hidden = members === 'tools' ? this.#see(told) : new Set<string>();
    const allowed = told.filter(
      (entry) => !hidden.has(String(entry['name'])) && this.#allowed(members, entry, calls),
    );
    return members === 'tools' ? allowed.map(honest) : allowed;
  }

  /** Takes note of a page of definitions; the names of those that are not what they were. */
  #see(page: readonly Members[]): ReadonlySet<string> {
    const definitions = new Map<string, { tool: Members; flags: string[] }>();
    const doubled = new Set<string>();
    for (const tool of page) {
      const { name } = tool;
      if (typeof name !== 'string') continue;
      const before = definitions.get(name);
      // Which of two was meant could change from one reader to the next.
      if (before && jcs(before.tool) !== jcs(tool)) doubled.add(name);
      else definitions.set(name, { tool, flags: [] });
    }
    const over = this.#beyond(definitions.keys());
    for (const name of over) definitions.delete(name);
    const alike = lookAlikes(new Set([...this.#listed, ...definitions.keys()]));
    for (const [name, { flags }] of definitions)
      for (const other of alike(name)) flags.push(`its name can be taken for ${other}`);
    for (const { tool, flags } of definitions.values()) flags.unshift(...signsOf(tool));
    for (const name of definitions.keys()) this.#listed.add(name);
    const seen = this.#pins.see(definitions, this.#telling.now());
    for (const [name, state] of seen) this.#tell(name, state, definitions.get(name)?.flags ?? []);
    for (const name of doubled)
      this.#telling.warn('tool-doubled', `the server tells two tools named ${name}`);
    return new Set([
      ...over,
      ...doubled,
      ...[...seen].filter(([, state]) => state === 'changed').map(([name]) => name),
    ]);
  }

  /** Tools that there is no room to remember: what is not pinned is not shown. Those that were forgotten could come back as something else. */
  #beyond(names: Iterable<string>): readonly string[] {
    let room = MOST_TOOLS - this.#pins.size;
    const over = [...names].filter((name) => {
      if (name.length > LONGEST_NAME) return true;
      if (this.#pins.get(name)) return false;
      room -= 1;
      return room < 0;
    });
    if (over.length > 0)
      this.#telling.warn(
        'tools-too-many',
        `${over.length} tools are kept from the host: the server has told more than ${MOST_TOOLS} names, or names of more than ${LONGEST_NAME} characters`,
      );
    return over;
  }

  #tell(name: string, state: string, flags: readonly string[]): void {
    if (state === 'new' && flags.length > 0)
      this.#telling.warn('tool-suspicious', `tool ${name}: ${flags.join('; ')}`);
    if (state !== 'changed') return;
    const pin = this.#pins.get(name);
    const changes = pin ? changesOf(pin) : 'it changed';
    this.#telling.warn(
      'tool-changed',
      `tool ${name} is kept from the host: ${[changes, ...flags].join('; ')}; a person trusts it with \`broker tools trust ${this.#pins.id} ${name}\``,
    );
  }

  #allowed(members: string, entry: Members, calls: Calls): boolean {
    const name = entryName(members, entry);
    const method = USED_BY[members] ?? '';
    const params = members === 'tools' || members === 'prompts' ? { name } : { uri: name };
    const call = callOf(calls.terms.connection.name, method, params);
    if (!call) return false;
    // A policy that looks at arguments may allow some calls: nobody can tell before one is made.
    return !calls.neverAllowed(call);
  }
}

function honest(tool: Members): Members {
  const { outputSchema } = tool;
  if (!isMembers(outputSchema)) return tool;
  const relaxed = honestSchema(outputSchema);
  return jcs(relaxed) === jcs(outputSchema) ? tool : { ...tool, outputSchema: relaxed };
}
