// `broker mcp install`: puts broker before servers that hosts start, or adds its own tools. Must never change anything with --dry-run.

import { realpathSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import { timestamp } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Connection } from '../../model/connection.ts';
import { BrokerError } from '../../model/errors.ts';
import { type FrontContext, frontPaths, ownProgram } from '../compose.ts';
import type { Host, Place } from '../hosts/host.ts';
import { resolveProgram } from '../program.ts';
import { added } from './add.ts';
import { type FileChange, onlyChanged } from './change.ts';
import { applied } from './edit.ts';
import { type HostFile, readHostFile, treeOf } from './host-file.ts';
import { digestOf, wrappingOf } from './launch.ts';
import { impostor } from './own.ts';
import { type EntryRecord, readRecord, samePath } from './record.ts';
import {
  type Choice,
  chosenHosts,
  entriesOf,
  type Found,
  machineOf,
  type Survey,
  survey,
  type Unread,
} from './survey.ts';
import { type Entry, type WrapOrder, wrap } from './wrap.ts';

export interface InstallOrder extends Choice {
  readonly servers: readonly string[];
  readonly all: boolean;
  readonly connection: string;
  readonly others: readonly string[];
  readonly dry: boolean;
  /** Asked for each entry that somebody edited after broker wrote it; throws to refuse. */
  drifted(entry: Entry): Promise<void>;
}

export interface Done {
  readonly host: string;
  readonly scope: string;
  readonly file: string;
  readonly server: string;
  readonly result: 'wrapped' | 'added' | 'already' | 'unwrapped' | 'removed' | 'forgotten' | 'refused';
  readonly notes: readonly string[];
}

export interface Plan {
  readonly changes: readonly FileChange[];
  readonly done: readonly Done[];
}

/** `broker` where that is us on PATH; hosts that are not started from a shell need both paths. */
function programFor(context: FrontContext, place: Place): readonly [string, ...string[]] {
  const found = resolveProgram('broker', context.environment['PATH'], context.cwd);
  const own = ownProgram();
  // What a team shares names no folder of one machine.
  if (place.scope === 'project' || (found !== undefined && realpathSync(found) === own[1])) return ['broker'];
  return own;
}

async function connectionsOf(context: FrontContext, order: InstallOrder): Promise<Connection> {
  const { config } = await loadConfig(context);
  for (const connection of [order.connection, ...order.others])
    if (!config.connections.has(connection)) throw new BrokerError('connection-unknown', { connection });
  return config.connections.get(order.connection) as Connection;
}

class Planner {
  readonly #context: FrontContext;
  readonly #order: InstallOrder;
  readonly #database: boolean;
  readonly #changes = new Map<string, FileChange>();
  readonly #done: Done[] = [];

  constructor(context: FrontContext, order: InstallOrder, connection: Connection) {
    this.#context = context;
    this.#order = order;
    this.#database = connection.type === 'postgres';
  }

  get plan(): Plan {
    return {
      changes: [...this.#changes.values()].filter(({ file, after }) => file.text !== after),
      done: this.#done,
    };
  }

  #change(host: Host, place: Place): FileChange {
    const file: HostFile = readHostFile(place.file);
    const { state } = frontPaths(this.#context);
    return (
      this.#changes.get(file.path) ?? {
        host,
        file,
        after: file.text,
        record: readRecord(state, file.path),
        taken: [],
        moves: 'in',
        forget: [],
      }
    );
  }

  #note(
    place: Place,
    host: Host,
    server: string,
    result: Done['result'],
    notes: readonly string[] = [],
  ): void {
    this.#done.push({ host: host.id, scope: place.scope, file: place.file, server, result, notes });
  }

  async wrap(found: Found): Promise<void> {
    const { host, place } = found;
    const change = this.#change(host, place);
    const text = change.after ?? '';
    const entry = entriesOf(host, place, text).find(({ name }) => name === found.name);
    if (!entry) return;
    const known = change.record.entries.find(({ path }) => samePath(path, entry.path));
    const wrapping = wrappingOf(entry.launch);
    if (known && known.digest !== digestOf(entry.launch)) await this.#order.drifted(entry);
    if (wrapping) {
      const reason = impostor(entry.launch, known !== undefined);
      const mend = 'write what it should start, or take it out, then try again';
      if (reason !== undefined)
        throw new BrokerError('host-entry-unusable', { server: entry.name, file: place.file, reason, mend });
      const same =
        wrapping.connection === this.#order.connection &&
        wrapping.others.join() === this.#order.others.join();
      if (same) {
        this.#note(place, host, entry.name, 'already');
        return;
      }
      throw new BrokerError('host-entry-unusable', {
        server: entry.name,
        file: place.file,
        reason: `broker stands before it already, for ${wrapping.connection}`,
        mend: `take it away with \`broker mcp uninstall ${entry.name}\`, then try again`,
      });
    }
    const { connection, others, dry } = this.#order;
    const order: WrapOrder = {
      connection,
      others,
      dry,
      program: programFor(this.#context, place),
      database: this.#database,
    };
    const { splices, steps, taken, notes } = wrap(text, entry, order);
    const after = applied(text, splices);
    this.#keep(change, place, after, entry.path, { steps, secrets: taken.map(({ name }) => name) });
    this.#changes.set(change.file.path, {
      ...(this.#changes.get(change.file.path) ?? change),
      taken: [...change.taken, ...taken],
    });
    this.#note(place, host, entry.name, 'wrapped', notes);
  }

  add(host: Host, place: Place, name: string): void {
    const change = this.#change(host, place);
    const text = change.after ?? '';
    const known = entriesOf(host, place, text).find((entry) => entry.name === name);
    if (known) {
      const wrapping = wrappingOf(known.launch);
      if (wrapping?.connection === name && wrapping.inner.length === 0) {
        this.#note(place, host, name, 'already');
        return;
      }
      throw new BrokerError('host-entry-unusable', {
        server: name,
        file: place.file,
        reason: 'there is a server of that name',
        mend: `name it to put broker before it: \`broker mcp install ${name} --connection ${name}\``,
      });
    }
    const { others } = this.#order;
    const options = others.length > 0 ? ['--with', ...others] : [];
    const words = [...programFor(this.#context, place), 'mcp', this.#order.connection, ...options];
    const { text: put, splice } = added(
      text,
      treeOf(place.file, host.format, text),
      host,
      place,
      name,
      words,
    );
    const after = applied(text, [splice]);
    const made = text.trim() === '' ? { made: { was: change.file.text ?? null, digest: sha256(after) } } : {};
    this.#keep(
      change,
      place,
      after,
      [...place.path, name],
      { steps: [{ do: 'entry', text: put }], secrets: [] },
      made,
    );
    this.#note(place, host, name, 'added');
  }

  #keep(
    change: FileChange,
    place: Place,
    after: string,
    path: readonly string[],
    kept: Pick<EntryRecord, 'steps' | 'secrets'>,
    made: Pick<FileChange['record'], 'made'> = {},
  ): void {
    onlyChanged(change.host, place.file, change.after ?? '', after, [path]);
    const entry = entriesOf(change.host, place, after).find((each) => samePath(each.path, path));
    if (!entry || wrappingOf(entry.launch) === undefined)
      throw new BrokerError('bug', { reason: `what was written to ${place.file} does not read back` });
    const record: EntryRecord = {
      host: change.host.id,
      scope: place.scope,
      path,
      connection: this.#order.connection,
      digest: digestOf(entry.launch),
      ...kept,
      at: timestamp(this.#context.clock.micros()),
    };
    const others = change.record.entries.filter((each) => !samePath(each.path, path));
    const still = change.record.made && sha256(change.after ?? '') === change.record.made.digest;
    const again = still ? { made: { ...change.record.made, digest: sha256(after) } } : {};
    this.#changes.set(change.file.path, {
      ...change,
      after,
      record: { ...change.record, ...again, ...made, entries: [...others, record] },
    });
  }
}

const isFile = ({ server }: Unread): boolean => server === undefined;

function usage(reason: string, hint: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'mcp install' }, { hint });
}

/** Servers by name must all be there; a file that cannot be read matters when it could hold them. */
export function named(
  { found, unread }: Survey,
  servers: readonly string[],
  others: readonly string[] = [],
): readonly Found[] {
  for (const server of servers)
    if (!found.some(({ name }) => name === server) && !others.includes(server)) {
      const [bad] = [...unread.filter((each) => each.server === server), ...unread.filter(isFile)];
      if (bad) throw bad.error;
      throw usage(`no host starts a server named ${server}`, 'list them with `broker mcp ls`');
    }
  return found.filter(({ name }) => servers.includes(name));
}

/** What would be done. Throws before anything is changed. */
export async function planInstall(context: FrontContext, order: InstallOrder): Promise<Plan> {
  const planner = new Planner(context, order, await connectionsOf(context, order));
  if (order.servers.length > 0) {
    for (const found of named(survey(context, order), order.servers)) await planner.wrap(found);
    return planner.plan;
  }
  if (order.all) return planAll(context, order, planner);
  if (order.hosts.length === 0)
    throw usage(
      'it is not said what to install',
      'name a server, or --all, or a --host to add broker’s own tools to',
    );
  const scope = order.scope ?? 'user';
  for (const host of chosenHosts(order.hosts)) {
    const places = host.places(machineOf(context)).filter((place) => place.scope === scope);
    const place = places.find(({ file }) => readHostFile(file).text !== undefined) ?? places[0];
    if (!place) throw usage(`${host.title} has no servers of scope ${scope}`, 'leave --scope out');
    planner.add(host, place, order.connection);
  }
  return planner.plan;
}

function refusal(host: Host, { scope, file }: Place, server: string, error: BrokerError): Done {
  const notes = [String(error.details['reason'] ?? error.message)];
  return { host: host.id, scope, file, server, result: 'refused', notes };
}

async function planAll(context: FrontContext, order: InstallOrder, planner: Planner): Promise<Plan> {
  const { found, unread } = survey(context, order);
  const file = unread.find(isFile);
  if (file) throw file.error;
  const refused = unread.map(({ host, place, server = '', error }) => refusal(host, place, server, error));
  for (const each of found) {
    try {
      await planner.wrap(each);
    } catch (error) {
      // The others can still be put behind broker; what was left is told.
      if (!(error instanceof BrokerError) || error.code !== 'host-entry-unusable') throw error;
      refused.push(refusal(each.host, each.place, each.name, error));
    }
  }
  return { changes: planner.plan.changes, done: [...planner.plan.done, ...refused] };
}
